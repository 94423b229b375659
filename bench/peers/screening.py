"""`usance screen` beside nomenklatura's logic-v2: the same list, names and pairs, one thread each, CPU time by getrusage.

Ours is the binary as anybody runs it, and is told a name and nothing else; the CPU time of loading the list and building the index is
measured apart and taken off, that of reading the names and writing the answers is not.

nomenklatura is given all that favours it. Its entities have schema, names, former names, aliases and weak aliases as the list has them
(given and family names apart, or in the other order, give it the same recall or less); its query is told whether the name is a person's.
It has no search of its own for single queries (yente asks Elasticsearch), so the 50 entries whose names are nearest by weighted trigrams
stand in for it; the search is not counted, the entry that is looked for is always among them, and ahead of others of its score.
A negative in another script than the list's finds no candidates that way, and raises no alert; --every-script transliterates names for
the search first, as yente does. Its time is stated as it comes from the package, which keeps the names of 1,000 entities, and with the
names of all entries analysed beforehand.

The threshold is the score that a share of the negatives (people who are on no list) reach with their best hit; a misspelt name is found
when its entry is among the five best and scores at least that.
"""
import argparse
import csv
import functools
import gzip
import io
import itertools
import json
import math
import re
import resource
import statistics
import subprocess
import tempfile
import time
import unicodedata
from collections import defaultdict
from pathlib import Path

RATES = (0.002, 0.0045, 0.01)
CANDIDATES = 50
VENDOR = 0.70


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
    """Every entity has an id of its own: nomenklatura keeps the names of an entity by its id, whatever the entity holds."""

    name = "nomenklatura logic-v2"
    schemas = {"person": "Person", "individual": "Person", "vessel": "Vessel", "aircraft": "Airplane"}

    def __init__(self, folder, every_script=False):
        from followthemoney import model
        from nomenklatura.matching import get_algorithm
        from nomenklatura.matching.logic_v2.names import match
        from normality import ascii_text
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.model, self.algorithm, self.match, self.ascii_text = model, get_algorithm("logic-v2"), match, ascii_text
        self.every_script = every_script
        self.config, self.ids = self.algorithm.default_config(), itertools.count()
        self.shipped = match.entity_names, match.entity_names_consolidated
        self.entities, listed = {}, []
        remarks = {row[0]: row[11] for row in table(folder, "sdn.csv")}
        for row in table(folder, "sdn_comments.csv"):
            remarks[row[0]] = remarks.get(row[0], "") + row[1]
        for row in table(folder, "sdn.csv"):
            self.entities[row[0]] = self.entity(f"listed-{row[0]}", self.schema(row[2]))
            self.add_listed(row[0], "name", row[1], listed)
            for weak in re.findall(r"a\.k\.a\. '([^']+)'", remarks[row[0]]):
                self.entities[row[0]].add("weakAlias", weak, quiet=True)
        for row in table(folder, "alt.csv"):
            self.add_listed(row[0], "previousName" if row[2] == "fka" else "alias", row[3], listed)
        self.owners = [entity for entity, _ in listed]
        self.grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3))
        self.matrix = self.grams.fit_transform(self.plain(name) for _, name in listed).T.tocsr()

    def schema(self, kind):
        return self.schemas.get(kind, "Organization")

    def entity(self, id, schema):
        made = self.model.make_entity(schema)
        made.id = id
        return made

    def query(self, schema, name):
        made = self.entity(f"query-{next(self.ids)}", schema)
        made.add("name", name)
        return made

    def add_listed(self, number, prop, name, listed):
        entity = self.entities[number]
        entity.add(prop if prop in entity.schema.properties else "name", name)
        listed.append((number, name))

    def plain(self, name):
        text = (self.ascii_text(name) or "") if self.every_script else name
        bare = (c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
        return "".join(c if c.isalnum() else " " for c in bare)

    def keep_all_names(self, everything):
        """Keeps the analysed names of every entity, or of 1,000 as shipped."""
        self.match.entity_names, self.match.entity_names_consolidated = self.shipped
        if everything:
            raw, consolidated = (functools.cache(shipped.__wrapped__) for shipped in self.shipped)
            self.match.entity_names, self.match.entity_names_consolidated = raw, consolidated
            for entity in self.entities.values():
                raw(entity, prop=None), consolidated(entity, prop=None)

    def candidates(self, name, expected):
        near = (self.grams.transform([self.plain(name)]) @ self.matrix).toarray()[0]
        found = dict.fromkeys([expected] if expected else [])
        for at in near.argsort(kind="stable")[::-1]:
            if near[at] <= 0.0 or len(found) == CANDIDATES:
                break
            found[self.owners[at]] = None
        return list(found)

    def search(self, names, schemas=None, expected=None):
        answers = []
        self.spent = 0.0
        for at, name in enumerate(names):
            near = self.candidates(name, expected[at] if expected else None)
            query = self.query(schemas[at] if schemas else "Person", name)
            began = time.process_time()
            scored = [(entity, self.algorithm.compare(query, self.entities[entity], self.config).score) for entity in near]
            self.spent += time.process_time() - began
            answers.append(sorted(scored, key=lambda hit: -hit[1])[:5])
        return answers

    def cost(self, queries, repeats):
        spent = []
        for _ in range(repeats):
            self.search([row["query"] for row in queries], [self.schema(row["type"]) for row in queries])
            spent.append(self.spent / len(queries))
        return statistics.median(spent)

    def pairs(self, labelled):
        """Scores of each pair, and the better ones of both orders: it tells query and listed name apart."""
        scores = []
        for row in labelled:
            left, right = (self.query(row["schema"], row[side]) for side in ("name1", "name2"))
            scores.append([self.algorithm.compare(*order, self.config).score for order in ((left, right), (right, left))])
        return [first for first, _ in scores], [max(both) for both in scores]


def best(answers):
    return [hits[0][1] if hits else 0.0 for hits in answers]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--usance", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sample", type=int, default=1, help="both are asked for one misspelt name in so many")
    parser.add_argument("--timed", type=int, default=100, help="names of nomenklatura's timed runs")
    parser.add_argument("--every-script", action="store_true", help="nomenklatura's candidates are searched by transliterated names")
    options = parser.parse_args()
    folder = options.data / "ofac-2023-12-28"
    queries = rows(options.data / "ofac_perturbed.csv")[:: options.sample]
    negatives = [row["full_name"] for name in ("negatives_global.csv", "negatives_us.csv") for row in rows(options.data / name)]
    labelled = rows(options.data / "name_pairs.csv")
    ours, peer = Ours(options.usance, folder), Nomenklatura(folder, options.every_script)
    names = [row["query"] for row in queries]
    peer.keep_all_names(True)
    ours_found, ours_negatives = ours.search(names), best(ours.search(negatives))
    schemas, expected = [peer.schema(row["type"]) for row in queries], [row["ent_num"] for row in queries]
    peer_found, peer_negatives = peer.search(names, schemas, expected), best(peer.search(negatives))
    print(f"{len(queries)} misspelt names, {len(negatives)} negatives, {len(labelled)} labelled pairs, the same for both")

    def show(what, left, right):
        print(f"{what:50}{left:>24}{right:>24}")

    show("", ours.name, peer.name)
    for rate in RATES:
        limits = threshold(ours_negatives, rate), threshold(peer_negatives, rate)
        (left, left_worst), (right, right_worst) = recall(queries, ours_found, limits[0]), recall(queries, peer_found, limits[1])
        show(f"macro recall at {rate:.2%} alerts", f"{left:.3f}", f"{right:.3f}")
        show("  worst class", left_worst, right_worst)
        show("  threshold", *(f"{limit:.4f}" for limit in limits))
    usual = [recall(queries, peer_found, VENDOR)[0], sum(score >= VENDOR for score in peer_negatives) / len(peer_negatives)]
    show(f"macro recall at its own threshold {VENDOR}", "", f"{usual[0]:.3f} ({usual[1]:.2%})")
    left, right = (recall(queries, found, 0.0)[0] for found in (ours_found, peer_found))
    show("entry among the five best, any score", f"{left:.3f}", f"{right:.3f}")
    one_way, both_ways = peer.pairs(labelled)
    scores = ours.pairs(options.data / "name_pairs.csv"), one_way, both_ways
    left, right, better = ("{:.3f} / {:.3f}".format(*pairs_figures(labelled, each)) for each in scores)
    show("labelled pairs, best F1 / AUC", left, right)
    show("  the better of both orders of its names", "", better)
    each, start = ours.cost(names * 4, options.repeats)
    timed = queries[:: max(1, len(queries) // options.timed)]
    prepared = peer.cost(timed, options.repeats)
    peer.keep_all_names(False)
    shipped = peer.cost(timed, options.repeats)
    show(f"CPU for a name, ms (median of {options.repeats})", f"{each * 1e3:.3f}", f"{shipped * 1e3:.1f}")
    show("  with the names of all entries analysed beforehand", "", f"{prepared * 1e3:.1f}")
    show("names a second and core", f"{1 / each:.0f}", f"{1 / shipped:.0f} to {1 / prepared:.0f}")
    show("CPU of lists and index at the start, s", f"{start:.2f}", "")
    show("times faster", f"{prepared / each:.0f} to {shipped / each:.0f}", "")


if __name__ == "__main__":
    main()
