//! The tree and its proofs, by the published vectors of RFC 6962 implementations and by brute force.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::collections::HashMap;

use usance_audit::tree::{
    Frontier, Hash, NodeId, ProofError, check_consistency, check_inclusion, consistency, consistency_nodes, empty_root,
    fold, inclusion, inclusion_nodes, leaf, node, peaks,
};

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(text: &str) -> Hash {
    Hash::read(&hex::decode(text).unwrap()).unwrap()
}

fn leaves() -> Vec<Hash> {
    LEAVES.iter().map(|text| leaf(&hex::decode(text).unwrap())).collect()
}

/// MTH as RFC 6962 writes it.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let k = many.len().next_power_of_two() / 2;
            node(&mth(&many[..k]), &mth(&many[k..]))
        }
    }
}

/// Every perfect subtree.
fn nodes(leaves: &[Hash]) -> HashMap<NodeId, Hash> {
    let mut all = HashMap::new();
    let (mut level, mut row) = (0, leaves.to_vec());
    while !row.is_empty() {
        all.extend((0..).zip(&row).map(|(index, hash)| (NodeId { level, index }, *hash)));
        row = row.chunks_exact(2).map(|pair| node(&pair[0], &pair[1])).collect();
        level += 1;
    }
    all
}

#[test]
fn roots_are_those_of_the_published_vectors() {
    assert_eq!(
        empty_root(),
        hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    let mut edge = Frontier::default();
    for (leaf, root) in leaves().into_iter().zip(ROOTS) {
        edge.push(leaf);
        assert_eq!(edge.root(), hash(root), "size {}", edge.size());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of vectors")]
fn proofs_are_those_of_the_published_vectors() {
    let nodes = nodes(&leaves());
    let read = |texts: &[&str]| texts.iter().map(|text| hash(text)).collect::<Vec<_>>();
    let inclusions: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            3,
            &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
        ),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, expected) in inclusions {
        assert_eq!(
            inclusion(&nodes, index, size).unwrap(),
            read(expected),
            "{index} of {size}"
        );
    }
    let consistencies: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (old, new, expected) in consistencies {
        assert_eq!(consistency(&nodes, old, new).unwrap(), read(expected), "{old} to {new}");
    }
}

#[test]
fn every_leaf_of_every_tree_is_proved_and_nothing_else_is() {
    let leaves: Vec<_> = (0..40_u8).map(|n| leaf(&[n])).collect();
    let nodes = nodes(&leaves);
    for size in 1..=leaves.len() {
        let root = mth(&leaves[..size]);
        let size = size as u64;
        for (index, one) in (0..size).zip(&leaves) {
            let proof = inclusion(&nodes, index, size).unwrap();
            assert!(inclusion_nodes(index, size).len() >= proof.len());
            check_inclusion(*one, (index, size), &proof, &root).unwrap();
            let wrong = check_inclusion(leaf(b"x"), (index, size), &proof, &root);
            assert_eq!(wrong, Err(ProofError::Root));
            for other in 0..size {
                let at_another_place = check_inclusion(*one, (other, size), &proof, &root);
                assert_eq!(at_another_place.is_ok(), other == index, "{index} as {other} of {size}");
            }
            for changed in 0..proof.len() {
                let mut other = proof.clone();
                other[changed].0[changed % 32] ^= 1;
                assert!(check_inclusion(*one, (index, size), &other, &root).is_err());
            }
            let longer = [&proof[..], &[root]].concat();
            assert!(check_inclusion(*one, (index, size), &longer, &root).is_err());
            if let Some((_, shorter)) = proof.split_last() {
                assert!(check_inclusion(*one, (index, size), shorter, &root).is_err());
            }
        }
        assert_eq!(inclusion(&nodes, size, size), Err(ProofError::Outside));
    }
}

#[test]
fn growth_of_every_tree_is_proved_and_nothing_else_is() {
    let leaves: Vec<_> = (0..40_u8).map(|n| leaf(&[n])).collect();
    let nodes = nodes(&leaves);
    for new in 0..=leaves.len() {
        let new_root = mth(&leaves[..new]);
        for old in 0..=new {
            let old_root = mth(&leaves[..old]);
            let (m, n) = (old as u64, new as u64);
            let proof = consistency(&nodes, m, n).unwrap();
            assert!(consistency_nodes(m, n).len() >= proof.len());
            check_consistency((m, &old_root), (n, &new_root), &proof).unwrap();
            let mut other = old_root;
            other.0[0] ^= 1;
            assert!(
                check_consistency((m, &other), (n, &new_root), &proof).is_err(),
                "{m} {n}"
            );
            let longer = [&proof[..], &[new_root]].concat();
            assert!(check_consistency((m, &old_root), (n, &new_root), &longer).is_err());
            for changed in 0..proof.len() {
                let mut other = proof.clone();
                other[changed].0[changed % 32] ^= 1;
                assert!(check_consistency((m, &old_root), (n, &new_root), &other).is_err());
            }
        }
    }
}

#[test]
fn the_right_edge_grows_to_the_root_of_any_size() {
    let leaves: Vec<_> = (0..300_u32).map(|n| leaf(&n.to_be_bytes())).collect();
    let nodes = nodes(&leaves);
    let mut edge = Frontier::default();
    for size in 0..leaves.len() {
        assert_eq!(edge.root(), mth(&leaves[..size]));
        let known: Vec<_> = peaks(size as u64).iter().map(|id| nodes[id]).collect();
        assert_eq!(edge.peaks(), known);
        assert_eq!(Frontier::new(size as u64, known), Some(edge.clone()));
        edge.push(leaves[size]);
    }
    assert_eq!(Frontier::new(3, vec![empty_root()]), None);
}

#[test]
fn every_node_is_made_of_what_is_stored() {
    let leaves: Vec<_> = (0..1024_u32).map(|n| leaf(&n.to_be_bytes())).collect();
    let nodes = nodes(&leaves);
    for (id, hash) in &nodes {
        let span = id.span();
        assert!(span.level % 8 == 0 && span.count <= 128);
        let stored = (span.from..span.from + span.count).map(|index| {
            nodes[&NodeId {
                level: span.level,
                index,
            }]
        });
        assert_eq!(fold(&stored.collect::<Vec<_>>()), Some(*hash));
    }
    assert_eq!(fold(&leaves[..3]), None);
    assert_eq!(fold(&[]), None);
}
