#!/usr/bin/env python3
"""Answers halmos's questions about 256-bit products and quotients, on which solvers of bit vectors give up.

Given an SMT-LIB file it starts three solvers and prints the first sure answer: yices on the bit vectors as they are; z3 and cvc5 on
integers. The translation bounds every term by its operands: where no bound reaches 2^256 nothing can wrap, and the term is that of
the integers; elsewhere the wrap is spelled out. Assertions that it does not understand are left out, which only makes a query easier
to satisfy. Hence of the integers only "unsat" counts.

    contracts-halmos-solver.py FILE        first line sat, unsat or unknown; a model after sat
    contracts-halmos-solver.py --self-test compares the translation with z3's bit vectors on random formulas
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import z3

COMPARISONS = {
    z3.Z3_OP_ULEQ: (lambda x, y: x <= y, False), z3.Z3_OP_ULT: (lambda x, y: x < y, False),
    z3.Z3_OP_UGEQ: (lambda x, y: x >= y, False), z3.Z3_OP_UGT: (lambda x, y: x > y, False),
    z3.Z3_OP_SLEQ: (lambda x, y: x <= y, True), z3.Z3_OP_SLT: (lambda x, y: x < y, True),
    z3.Z3_OP_SGEQ: (lambda x, y: x >= y, True), z3.Z3_OP_SGT: (lambda x, y: x > y, True),
}
DIVISIONS = (z3.Z3_OP_BUDIV, z3.Z3_OP_BUDIV_I)
REMAINDERS = (z3.Z3_OP_BUREM, z3.Z3_OP_BUREM_I)


class Unsupported(Exception):
    pass


def arguments(e):
    return [e.arg(i) for i in range(e.num_args())]


def constant(value):
    return z3.IntVal(value), value, value


class Integers:
    """Terms as (integer term, least, greatest); `facts` define the quotients and remainders that they mention."""

    def __init__(self):
        self.facts, self.known, self.widths, self.named, self.count = [], {}, {}, set(), 0

    def translate(self, assertions):
        self.facts = []
        wide = [each for each in assertions if not self.narrows(each)]
        claims = []
        for each in wide:
            try:
                claims.append(self.boolean(each))
            except Unsupported:
                pass
        return claims + self.facts

    def narrows(self, e):
        """Takes `v = 0...0 ++ the low bits of v`, as halmos says that an argument fits its type, for the width of v."""
        if not z3.is_eq(e) or not z3.is_bv(e.arg(0)):
            return False
        for v, padded in ((e.arg(0), e.arg(1)), (e.arg(1), e.arg(0))):
            if v.decl().kind() != z3.Z3_OP_UNINTERPRETED or v.num_args() != 0 or padded.decl().kind() != z3.Z3_OP_CONCAT:
                continue
            parts = arguments(padded)
            if len(parts) != 2 or not z3.is_bv_value(parts[0]) or parts[0].as_long() != 0:
                continue
            if parts[1].decl().kind() != z3.Z3_OP_EXTRACT or not parts[1].arg(0).eq(v) or parts[1].params()[1] != 0:
                continue
            width = parts[1].params()[0] + 1
            self.widths[v.decl().name()] = min(width, self.widths.get(v.decl().name(), v.size()))
            return True
        return False

    def fresh(self):
        self.count += 1
        return z3.Int(f"helper!{self.count}")

    def term(self, e):
        key = e.get_id()
        if key not in self.known:
            # The expression is kept so that its id is not given to another.
            self.known[key] = (self.build(e), e)
        return self.known[key][0]

    def wrapped(self, term, least, greatest, width):
        size = 1 << width
        if least >= 0 and greatest < size:
            return term, least, greatest
        if least >= -size and greatest < size:
            return z3.If(term < 0, term + size, term), 0, size - 1
        if least >= 0 and greatest < 2 * size:
            return z3.If(term >= size, term - size, term), 0, size - 1
        turns, rest = self.fresh(), self.fresh()
        self.facts += [term == turns * size + rest, rest >= 0, rest < size, turns >= least // size, turns <= greatest // size]
        return rest, 0, size - 1

    def divided(self, x, y):
        """Quotient and remainder; they mean nothing where y is zero."""
        if x[2] < y[1]:
            return constant(0), x
        quotient, rest = self.fresh(), self.fresh()
        facts = [x[0] == quotient * y[0] + rest, rest >= 0, rest < y[0], quotient >= 0, quotient <= x[0]]
        facts += [quotient <= x[2] // max(y[1], 1), quotient >= (x[1] // y[2] if y[2] else 0)]
        self.facts.append(z3.And(facts) if y[1] > 0 else z3.Implies(y[0] > 0, z3.And(facts)))
        return (quotient, 0, x[2] // max(y[1], 1)), (rest, 0, min(x[2], max(y[2] - 1, 0)))

    def build(self, e):
        kind, width, args = e.decl().kind(), e.size(), arguments(e)
        top = (1 << width) - 1
        if z3.is_bv_value(e):
            return constant(e.as_long())
        if kind == z3.Z3_OP_UNINTERPRETED and not args:
            name = e.decl().name()
            greatest = (1 << self.widths.get(name, width)) - 1
            variable = z3.Int(f"value!{name}")
            if name not in self.named:
                self.named.add(name)
                self.facts += [variable >= 0, variable <= greatest]
            return variable, 0, greatest
        if kind == z3.Z3_OP_EXTRACT:
            high, low = e.params()
            term = self.term(args[0])
            if low:
                term = self.divided(term, constant(1 << low))[0]
            size = 1 << (high - low + 1)
            return term if term[2] < size else self.divided(term, constant(size))[1]
        if kind == z3.Z3_OP_CONCAT:
            term = self.term(args[0])
            for each in args[1:]:
                low, size = self.term(each), 1 << each.size()
                term = (term[0] * size + low[0], term[1] * size + low[1], term[2] * size + low[2])
            return term
        if kind == z3.Z3_OP_ZERO_EXT:
            return self.term(args[0])
        if kind == z3.Z3_OP_BADD:
            # A constant in the upper half is a subtraction.
            terms = [constant(t[1] - top - 1) if t[1] == t[2] and t[1] > top // 2 else t for t in map(self.term, args)]
            return self.wrapped(z3.Sum([t[0] for t in terms]), sum(t[1] for t in terms), sum(t[2] for t in terms), width)
        if kind == z3.Z3_OP_BSUB:
            x, y = map(self.term, args)
            return self.wrapped(x[0] - y[0], x[1] - y[2], x[2] - y[1], width)
        if kind == z3.Z3_OP_BNEG:
            x = self.term(args[0])
            return self.wrapped(-x[0], -x[2], -x[1], width)
        if kind == z3.Z3_OP_BNOT:
            x = self.term(args[0])
            return top - x[0], top - x[2], top - x[1]
        if kind == z3.Z3_OP_BMUL:
            negative, term = False, constant(1)
            for x in map(self.term, args):
                if x[1] == x[2] == top:
                    negative = not negative
                else:
                    term = self.wrapped(term[0] * x[0], term[1] * x[1], term[2] * x[2], width)
            return self.wrapped(-term[0], -term[2], -term[1], width) if negative else term
        if kind in DIVISIONS or kind in REMAINDERS:
            x, y = map(self.term, args)
            result = self.divided(x, y)[0 if kind in DIVISIONS else 1]
            by_zero = constant(top) if kind in DIVISIONS else x
            return result if y[1] > 0 else self.either(y[0] == 0, by_zero, result)
        if kind == z3.Z3_OP_ITE:
            condition = z3.simplify(self.boolean(args[0]))
            if z3.is_true(condition) or z3.is_false(condition):
                return self.term(args[1 if z3.is_true(condition) else 2])
            return self.either(condition, self.term(args[1]), self.unless_zero(args[0], args[2]))
        if kind == z3.Z3_OP_BSHL and z3.is_bv_value(args[1]):
            x, factor = self.term(args[0]), 1 << min(args[1].as_long(), width)
            return self.wrapped(x[0] * factor, x[1] * factor, x[2] * factor, width)
        if kind == z3.Z3_OP_BLSHR and z3.is_bv_value(args[1]):
            return self.divided(self.term(args[0]), constant(1 << min(args[1].as_long(), width)))[0]
        raise Unsupported(e.decl().name())

    @staticmethod
    def either(condition, x, y):
        return z3.If(condition, x[0], y[0]), min(x[1], y[1]), max(x[2], y[2])

    def unless_zero(self, condition, e):
        """The division in `y = 0 ? 0 : x / y`, where the case of zero need not be said again."""
        kind = e.decl().kind()
        if kind in DIVISIONS + REMAINDERS and condition.decl().kind() == z3.Z3_OP_EQ:
            sides = arguments(condition)
            if any(a.eq(e.arg(1)) and z3.is_bv_value(b) and b.as_long() == 0 for a, b in (sides, sides[::-1])):
                return self.divided(self.term(e.arg(0)), self.term(e.arg(1)))[0 if kind in DIVISIONS else 1]
        return self.term(e)

    def boolean(self, e):
        kind, args = e.decl().kind(), arguments(e)
        if kind in (z3.Z3_OP_TRUE, z3.Z3_OP_FALSE) or (kind == z3.Z3_OP_UNINTERPRETED and not args):
            return e
        if kind in COMPARISONS:
            compare, signed = COMPARISONS[kind]
            return compare(*(self.signed(each) if signed else self.term(each)[0] for each in args))
        if kind == z3.Z3_OP_EQ and z3.is_bv(args[0]):
            return self.term(args[0])[0] == self.term(args[1])[0]
        if kind == z3.Z3_OP_DISTINCT and z3.is_bv(args[0]) and len(args) == 2:
            return self.term(args[0])[0] != self.term(args[1])[0]
        if not all(z3.is_bool(each) for each in args):
            raise Unsupported(e.decl().name())
        inner = [self.boolean(each) for each in args]
        simple = {z3.Z3_OP_NOT: z3.Not, z3.Z3_OP_XOR: z3.Xor, z3.Z3_OP_IMPLIES: z3.Implies, z3.Z3_OP_ITE: z3.If}
        if kind in simple:
            return simple[kind](*inner)
        if kind in (z3.Z3_OP_AND, z3.Z3_OP_OR):
            return z3.And(inner) if kind == z3.Z3_OP_AND else z3.Or(inner)
        if kind == z3.Z3_OP_EQ:
            return inner[0] == inner[1]
        raise Unsupported(e.decl().name())

    def signed(self, e):
        term, half = self.term(e), 1 << (e.size() - 1)
        return term[0] if term[2] < half else z3.If(term[0] >= half, term[0] - 2 * half, term[0])


# --- the solvers


def by_z3(file):
    solver = z3.Solver()
    solver.from_file(file)
    print(solver.check())


def by_cvc5(file):
    import cvc5

    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    parser = cvc5.InputParser(solver)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, file)
    while not (command := parser.nextCommand()).isNull():
        answer = command.invoke(solver, parser.getSymbolManager())
        if answer:
            print(answer.strip())


def race(file):
    solver = z3.Solver()
    solver.add(Integers().translate(list(z3.parse_smt2_file(file))))
    with tempfile.NamedTemporaryFile("w", suffix=".smt2", delete=False) as translated:
        translated.write("(set-logic QF_NIA)\n" + solver.to_smt2())
    me = [sys.executable, os.path.abspath(__file__)]
    yices = shutil.which("yices-smt2", path=os.path.dirname(sys.executable))
    running = {
        "z3": subprocess.Popen([*me, "--z3", translated.name], stdout=subprocess.PIPE, text=True),
        "cvc5": subprocess.Popen([*me, "--cvc5", translated.name], stdout=subprocess.PIPE, text=True),
        "yices": subprocess.Popen([yices, "--smt2-model-format", file], stdout=subprocess.PIPE, text=True),
    }
    try:
        while running:
            for name, process in list(running.items()):
                if process.poll() is None:
                    continue
                answer = running.pop(name).stdout.read()
                first = answer.split("\n")[0].strip()
                if first == "unsat" or (name == "yices" and first == "sat"):
                    return answer if name == "yices" else "unsat"
            time.sleep(0.01)
        return "unknown"
    finally:
        for process in running.values():
            process.kill()
        os.unlink(translated.name)


# --- the translation must be able to fail


def random_formula(rng, width, variables):
    def term(depth):
        if depth == 0:
            return rng.choice(variables) if rng.random() < 0.6 else z3.BitVecVal(rng.randrange(1 << width), width)
        x, y = term(depth - 1), term(depth - 1)
        choice = rng.randrange(11)
        if choice < 5:
            return (x + y, x - y, x * y, z3.UDiv(x, y), z3.URem(x, y))[choice]
        if choice == 5:
            return z3.If(z3.ULT(x, y), x, y)
        if choice == 6:
            low = rng.randrange(width)
            high = rng.randrange(low, width)
            part = z3.Extract(high, low, x)
            return part if high - low + 1 == width else z3.Concat(z3.BitVecVal(0, width - high + low - 1), part)
        if choice == 7:
            return -x if rng.random() < 0.5 else ~x
        if choice == 8:
            return z3.If(y == 0, z3.BitVecVal(0, width), z3.UDiv(x, y))
        shift = z3.BitVecVal(rng.randrange(width + 2), width)
        return x << shift if choice == 9 else z3.LShR(x, shift)

    def claim():
        x, y = term(rng.randrange(1, 3)), term(rng.randrange(1, 3))
        return rng.choice([x == y, z3.ULE(x, y), z3.ULT(x, y), x <= y, x > y, z3.Not(x == y), z3.UGE(x, y)])

    def narrowed(v, bits):
        return v == z3.Concat(z3.BitVecVal(0, width - bits), z3.Extract(bits - 1, 0, v))

    fits = [narrowed(v, rng.randrange(1, width)) for v in variables if rng.random() < 0.3]
    return fits + [claim() if rng.random() < 0.7 else z3.Or(claim(), z3.Not(claim())) for _ in range(rng.randrange(1, 4))]


def self_test(count=150):
    rng = random.Random(20_260_101)
    answers = {"sat": 0, "unsat": 0}
    for _ in range(count):
        width = rng.choice([2, 3, 4])
        variables = [z3.BitVec(f"v{i}", width) for i in range(2)]
        formula = random_formula(rng, width, variables)
        exact, translated = z3.Solver(), z3.Solver()
        exact.add(formula)
        integers = Integers()
        translated.add(integers.translate(formula))
        # Bounded on both sides, so that the integer solver always ends.
        translated.add([z3.Or([z3.Int(f"value!{v}") == n for n in range(1 << width)]) for v in variables])
        wanted, given = str(exact.check()), str(translated.check())
        if wanted != given:
            sys.exit(f"the translation says {given}, the bit vectors say {wanted}: {formula}")
        answers[wanted] += 1
    if min(answers.values()) < count // 10:
        sys.exit(f"the random formulas prove little: {answers}")
    print(f"translation: {count} random formulas agree with bit vectors, {answers['sat']} satisfiable, {answers['unsat']} not")


if __name__ == "__main__":
    commands = {"--z3": by_z3, "--cvc5": by_cvc5}
    if sys.argv[1] == "--self-test":
        self_test()
    elif sys.argv[1] in commands:
        commands[sys.argv[1]](sys.argv[2])
    else:
        print(race(sys.argv[1]))
