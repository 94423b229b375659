"""`usance screen` beside nomenklatura's logic-v2: the same list, names and pairs, one thread each, CPU time by getrusage.

Ours is the binary as anybody runs it; the CPU time of loading the list and building the index is measured apart and taken off.
nomenklatura has no index of its own: the 50 entities that share most trigrams with the query stand in for its search engine, and their
search is not counted. It is asked for a sample (its cost is tens of milliseconds a name); ours for every row.

The threshold is the score that a share of the negatives (people who are on no list) reach with their best hit; a misspelt name is found
when its entry is among the five best and scores at least that.
"""
import argparse
import csv
import gzip
import io
import json
import math
import resource
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

RATES = (0.002, 0.0045, 0.01)
CANDIDATES = 50


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table(folder, name):
    """A headerless table of the US Treasury."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            text = data.decode().replace("\x1a", "")
            return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if len(row) > 1]
    return []


def threshold(bests, rate):
    """The score that `rate` of the negatives reach or pass; nothing below it alerts."""
    allowed = math.floor(rate * len(bests) + 1e-9)
    ordered = sorted(bests, reverse=True)
    return math.nextafter(ordered[allowed], 2.0) if allowed < len(ordered) else 0.0


def recall(queries, answers, limit):
    """Macro recall over the classes, and the worst class."""
    found = defaultdict(list)
    for query, hits in zip(queries, answers):
        right = any(entity == query["ent_num"] and score >= limit for entity, score in hits[:5])
        found[query["class"]].append(right)
    shares = {name: sum(values) / len(values) for name, values in found.items()}
    worst = min(shares, key=shares.get)
    return statistics.mean(shares.values()), f"{worst} {shares[worst]:.3f}"


def pairs_figures(labelled, scores):
    """Best F1 and the area under the curve."""
    marked = sorted(zip(scores, (row["is_match"] == "true" for row in labelled)), reverse=True)
    positives = sum(match for _, match in marked)
    negatives = len(marked) - positives
    best = true = false = 0
    for at, (score, match) in enumerate(marked):
        true += match
        false += not match
        if at + 1 == len(marked) or marked[at + 1][0] != score:
            best = max(best, 2 * true / (2 * true + false + positives - true))
    ranks, at = 0.0, 0
    ascending = marked[::-1]
    while at < len(ascending):
        end = at
        while end < len(ascending) and ascending[end][0] == ascending[at][0]:
            end += 1
        ranks += sum(match for _, match in ascending[at:end]) * (at + 1 + end) / 2
        at = end
    return best, (ranks - positives * (positives + 1) / 2) / (positives * negatives)


class Ours:
    name = "usance"

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *arguments):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([self.binary, "screen", *arguments, "--json", "--threads", "1"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return [json.loads(line) for line in done.stdout.splitlines()], cpu

    def names(self, names):
        with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([["query"], *([name] for name in names)])
            file.flush()
            return self.run("--lists", str(self.folder), "--queries", file.name, "--top", "5")

    def search(self, names):
        answers, _ = self.names(names)
        return [[(hit["entity_id"], hit["score"]) for hit in answer["hits"]] for answer in answers]

    def cost(self, names, repeats):
        start = statistics.median(self.names(["x"])[1] for _ in range(repeats))
        whole = statistics.median(self.names(names)[1] for _ in range(repeats))
        return (whole - start) / len(names), start

    def pairs(self, path):
        answers, _ = self.run("pairs", str(path))
        return [answer["score"] for answer in answers]


class Nomenklatura:
    name = "nomenklatura logic-v2"

    def __init__(self, folder):
        from followthemoney import model
        from nomenklatura.matching import ScoringConfig, get_algorithm

        self.model, self.algorithm = model, get_algorithm("logic-v2")
        self.config = ScoringConfig.defaults()
        names, kinds = defaultdict(list), {}
        for row in table(folder, "sdn.csv"):
            kinds[row[0]] = {"individual": "Person", "vessel": "Vessel", "aircraft": "Airplane"}.get(row[2], "Organization")
            names[row[0]].append(row[1])
        for row in table(folder, "alt.csv"):
            names[row[0]].append(row[3])
        self.entities, self.postings = {}, defaultdict(set)
        for entity, all_names in names.items():
            self.entities[entity] = self.proxy(entity, kinds[entity], all_names)
            for name in all_names:
                for gram in self.grams(name):
                    self.postings[gram].add(entity)

    def proxy(self, entity, schema, names):
        proxy = self.model.make_entity(schema)
        proxy.id = entity
        for name in names:
            proxy.add("name", name)
        return proxy

    @staticmethod
    def grams(name):
        words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
        return {f" {word} "[at:at + 3] for word in words for at in range(len(word))}

    def candidates(self, name):
        counts = defaultdict(int)
        for gram in self.grams(name):
            for entity in self.postings.get(gram, ()):
                counts[entity] += 1
        return sorted(counts, key=lambda entity: (-counts[entity], entity))[:CANDIDATES]

    def search(self, names, schemas=None):
        answers = []
        self.spent = 0.0
        for at, name in enumerate(names):
            query = self.proxy("query", schemas[at] if schemas else "Person", [name])
            near = self.candidates(name)
            began = time.process_time()
            scored = [(entity, self.algorithm.compare(query, self.entities[entity], self.config).score) for entity in near]
            self.spent += time.process_time() - began
            answers.append(sorted(scored, key=lambda hit: -hit[1])[:5])
        return answers

    def pairs(self, labelled):
        scores = []
        for row in labelled:
            left, right = (self.proxy(side, row["schema"], [row[side]]) for side in ("name1", "name2"))
            scores.append(self.algorithm.compare(left, right, self.config).score)
        return scores


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--usance", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sample", type=int, default=8, help="nomenklatura is asked for one misspelt name in so many of each class")
    parser.add_argument("--timed", type=int, default=100, help="names of its timed runs")
    options = parser.parse_args()
    folder = options.data / "ofac-2023-12-28"
    queries = rows(options.data / "ofac_perturbed.csv")
    negatives = [row["full_name"] for name in ("negatives_global.csv", "negatives_us.csv") for row in rows(options.data / name)]
    labelled = rows(options.data / "name_pairs.csv")
    ours, peer = Ours(options.usance, folder), Nomenklatura(folder)
    sample = queries[::options.sample]
    schema = {"person": "Person", "individual": "Person", "vessel": "Vessel", "aircraft": "Airplane"}
    schemas = [schema.get(row["type"], "Organization") for row in sample]
    ours_found = ours.search([row["query"] for row in queries])
    ours_negatives = [hits[0][1] if hits else 0.0 for hits in ours.search(negatives)]
    peer_found = peer.search([row["query"] for row in sample], schemas)
    peer_negatives = [hits[0][1] if hits else 0.0 for hits in peer.search(negatives)]
    same = [answer for at, answer in enumerate(ours_found) if at % options.sample == 0]
    print(f"{len(queries)} misspelt names, of which {len(sample)} for both; {len(negatives)} negatives; {len(labelled)} labelled pairs")
    print(f"{'':44}{'usance':>10}{'usance':>10}  {peer.name}")
    print(f"{'':44}{'all':>10}{'sample':>10}  sample")
    for rate in RATES:
        a, b = threshold(ours_negatives, rate), threshold(peer_negatives, rate)
        whole, worst = recall(queries, ours_found, a)
        part, _ = recall(sample, same, a)
        other, other_worst = recall(sample, peer_found, b)
        print(f"macro recall at {rate:.2%} alerts{'':18}{whole:>10.3f}{part:>10.3f}  {other:.3f}")
        print(f"  worst class{'':31}{worst:>20}  {other_worst}")
        print(f"  threshold{'':33}{a:>10.4f}{'':>10}  {b:.4f}")
    (f1, auc), (peer_f1, peer_auc) = pairs_figures(labelled, ours.pairs(options.data / "name_pairs.csv")), pairs_figures(labelled, peer.pairs(labelled))
    print(f"labelled pairs, best F1 / AUC{'':15}{f1:>10.3f}{auc:>10.3f}  {peer_f1:.3f} / {peer_auc:.3f}")
    each, start = ours.cost([row["query"] for row in queries] * 4, options.repeats)
    timed = queries[::max(1, len(queries) // options.timed)]
    timed_schemas = [schema.get(row["type"], "Organization") for row in timed]
    spent = []
    for _ in range(options.repeats):
        peer.search([row["query"] for row in timed], timed_schemas)
        spent.append(peer.spent / len(timed))
    slow = statistics.median(spent)
    print(f"CPU for a name, ms (median of {options.repeats}){'':11}{each * 1e3:>10.3f}{'':>10}  {slow * 1e3:.1f}")
    print(f"names a second and core{'':21}{1 / each:>10.0f}{'':>10}  {1 / slow:.0f}")
    print(f"CPU of lists and index at the start, s{'':6}{start:>10.2f}")
    print(f"times faster{'':32}{slow / each:>10.0f}")


if __name__ == "__main__":
    main()
