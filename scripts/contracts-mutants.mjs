// Mutant schemata: every mutant of a source at once, each behind a switch. Which one is alive says the block's coinbase, so that
// one compilation serves them all: `a < b` becomes `(isMutant_(17) ? (a <= b) : a < b)`. With no mutant alive the source is
// what it was. Works on the compiler's syntax tree.
import { createHash } from 'node:crypto';

/** What a coinbase adds to the number of the mutant, far from the addresses that tests use. */
export const BASE = 0xc0dec0de0000n;
export const SWITCH = 'MutantSwitch_.sol';
export const SWITCH_SOURCE = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

function isMutant_(uint256 number) view returns (bool) {
    return uint160(address(block.coinbase)) == ${BASE} + number;
}
`;

const BOUNDARY = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };
const NEGATION = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' };
const ARITHMETIC = {
  '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '**': '*', '|': '&', '&': '|', '<<': '>>', '>>': '<<',
  '+=': '-=', '-=': '+=', '|=': '&=', '&=': '|=',
};
const LOGIC = { '&&': '||', '||': '&&' };
const COUNTERPART = { partDown: 'partUp', partUp: 'partDown', min: 'max', max: 'min', Ceil: 'Floor', Floor: 'Ceil' };
const YUL_CALL = { lt: 'gt', gt: 'lt', add: 'sub', sub: 'add', and: 'or', or: 'and', shl: 'shr', shr: 'shl', mul: 'add', xor: 'or' };

const isObject = (value) => value !== null && typeof value === 'object';
const typeOf = (node) => node?.typeDescriptions?.typeString ?? '';
const isNumberConstant = (node) => /^(int_const|rational_const) /.test(typeOf(node));

/** Direct children in the order of the text. */
function childrenOf(node) {
  const found = [];
  const collect = (value) => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isObject(value) && value.nodeType && value.src) found.push(value);
  };
  for (const [key, value] of Object.entries(node)) {
    if (!['typeDescriptions', 'documentation', 'typeName', 'nativeSrc'].includes(key)) collect(value);
  }
  return found.sort((a, b) => startOf(a) - startOf(b));
}
const startOf = (node) => Number(node.src.split(':')[0]);
const endOf = (node) => startOf(node) + Number(node.src.split(':')[1]);

/** One file: its text with all mutants in it, and what they are. */
export class Schemata {
  /**
   * @param text Source, one character per byte.
   * @param declarations Nodes of all declarations by id.
   * @param nextNumber Gives each mutant its number.
   * @param skip Numbers of mutants that do not compile.
   * @param active Whether the file gets mutants; without, its functions only become such that may read the block.
   */
  constructor(unit, text, declarations, { nextNumber, skip, active }) {
    Object.assign(this, { unit, text, declarations, nextNumber, skip, active });
    this.mutants = [];
    this.scope = '';
    this.loopHeaders = new Set();
  }

  instrument(tree, prefix) {
    this.prefix = prefix;
    return this.emit(tree);
  }

  original(node) {
    return this.text.slice(startOf(node), endOf(node));
  }

  /** @returns The number of a new mutant, or 0 when it is one that does not compile. */
  register(node, operator, change) {
    if (!this.active) return 0;
    const number = this.nextNumber();
    if (this.skip.has(number)) return 0;
    const line = this.text.slice(0, startOf(node)).split('\n').length;
    this.mutants.push({ number, unit: this.unit, line, scope: this.scope, source: this.source, operator, change });
    return number;
  }

  emit(node, parent, hint) {
    const method = `emit${node.nodeType}`;
    return this[method] ? this[method](node, parent, hint) : this.inner(node);
  }

  /** The text of a node with its children rewritten. */
  inner(node, hintOf = () => undefined, gapOf = (gap) => gap) {
    let at = startOf(node);
    let out = '';
    for (const child of childrenOf(node)) {
      if (startOf(child) < at || endOf(child) > endOf(node)) continue;
      out += gapOf(this.text.slice(at, startOf(child))) + this.emit(child, node, hintOf(child));
      at = this.endWithSemicolon(child);
    }
    return out + gapOf(this.text.slice(at, endOf(node)));
  }

  /** @param options Pairs of an operator's name and the text that replaces the node's. */
  choose(node, inner, options) {
    let head = '';
    for (const [operator, text] of options) {
      const number = this.register(node, operator, `${squeeze(this.original(node))} -> ${squeeze(text)}`);
      if (number) head += `isMutant_(${number}) ? /*<${number}*/ ${text} /*>*/ : `;
    }
    return head ? `(${head}${inner})` : inner;
  }

  // --- declarations

  emitPragmaDirective(node) {
    return `${this.original(node)}\nimport { isMutant_ } from "${this.prefix}${SWITCH}";`;
  }

  emitImportDirective(node) { return this.original(node); }
  emitStructDefinition(node) { return this.original(node); }
  emitEventDefinition(node) { return this.original(node); }
  emitErrorDefinition(node) { return this.original(node); }
  emitUsingForDirective(node) { return this.original(node); }
  emitInheritanceSpecifier(node) { return this.original(node); }
  emitOverrideSpecifier(node) { return this.original(node); }
  emitIdentifierPath(node) { return this.original(node); }

  emitVariableDeclaration(node) {
    return node.stateVariable || node.constant ? this.original(node) : this.inner(node);
  }

  enter(node) {
    this.scope = node.name || node.kind;
    this.source = createHash('sha256').update(this.original(node)).digest('hex').slice(0, 16);
  }

  emitFunctionDefinition(node) {
    this.enter(node);
    return this.inner(node, undefined, (gap) => gap.replace(/\bpure\b/, 'view'));
  }

  /** Each use of a modifier has a number, which takes away there what the modifier requires. */
  emitModifierDefinition(node) {
    this.enter(node);
    const body = this.emit(node.body, node).replace(/^\{/, '').replace(/\}$/, '').replace(/_;\s*$/, '');
    return `modifier ${node.name}_(uint256 number_) { if (!isMutant_(number_)) { ${body} } _; }`;
  }

  emitModifierInvocation(node) {
    const name = node.modifierName.name;
    const declared = this.declarations.get(node.modifierName.referencedDeclaration);
    if (!declared?.ours || declared.nodeType !== 'ModifierDefinition') return this.original(node);
    return `${name}_(${this.register(node, 'modifier', `${name} removed`)})`;
  }

  // --- statements

  isSimple(node) {
    return ['ExpressionStatement', 'EmitStatement'].includes(node.nodeType) && !this.loopHeaders.has(node);
  }

  /** A statement ends before its semicolon; one that may become a block takes it along. */
  endWithSemicolon(node) {
    if (this.isSimple(node)) return this.text.indexOf(';', endOf(node)) + 1;
    if (node.nodeType === 'IfStatement') return this.endWithSemicolon(node.falseBody ?? node.trueBody);
    return node.nodeType === 'ForStatement' ? this.endWithSemicolon(node.body) : endOf(node);
  }

  /** @param variants Pairs of a name and the statement instead of this one, empty when it is deleted. */
  chooseStatement(node, inner, variants) {
    let head = '';
    for (const [operator, text] of variants) {
      const number = this.register(node, operator, `${squeeze(this.original(node))} -> ${squeeze(text) || 'deleted'}`);
      if (number) head += `if (isMutant_(${number})) { /*<${number}*/ ${text} /*>*/ } else `;
    }
    return head ? `{ ${head}{ ${inner} } }` : inner;
  }

  emitForStatement(node) {
    this.loopHeaders.add(node.initializationExpression).add(node.loopExpression);
    return this.inner(node);
  }

  emitExpressionStatement(node) {
    const inner = this.inner(node);
    if (!this.isSimple(node)) return inner;
    const { expression } = node;
    const variants = [['deleted statement', '']];
    if (expression.nodeType === 'Assignment' && ARITHMETIC[expression.operator]) {
      const [left, right] = [this.original(expression.leftHandSide), this.original(expression.rightHandSide)];
      variants.push(['arithmetic', `${left} ${ARITHMETIC[expression.operator]} ${right};`]);
    }
    return this.chooseStatement(node, `${inner};`, variants);
  }

  emitEmitStatement(node) {
    return this.chooseStatement(node, `${this.inner(node)};`, [['deleted statement', '']]);
  }

  emitIfStatement(node) {
    const guards = refuses(node.trueBody);
    return this.inner(node, (child) => (child === node.condition ? { condition: true, guards } : undefined));
  }

  emitReturn(node) {
    const { expression } = node;
    const parts = expression?.nodeType === 'TupleExpression' && !expression.isInlineArray ? expression.components : [expression];
    for (const part of parts) {
      if (part && ['Identifier', 'MemberAccess', 'FunctionCall', 'IndexAccess'].includes(part.nodeType)) part.returned = true;
    }
    return this.inner(node);
  }

  // --- expressions

  conditionOptions(hint) {
    if (!hint?.condition) return [];
    return hint.guards ? [['removed check', 'false']] : [['condition', 'false'], ['condition', 'true']];
  }

  emitBinaryOperation(node, parent, hint) {
    if (isNumberConstant(node)) return this.emitLiteral(node, parent, hint);
    const { operator } = node;
    const shift = ['<<', '>>', '**'].includes(operator);
    const common = shift ? typeOf(node) : node.commonType?.typeString;
    const inner = this.inner(node, (child) => ({ type: shift && child === node.rightExpression ? 'uint256' : common }));
    const [left, right] = [this.original(node.leftExpression), this.original(node.rightExpression)];
    const options = [];
    for (const [name, table] of Object.entries({ boundary: BOUNDARY, negation: NEGATION, arithmetic: ARITHMETIC, logic: LOGIC })) {
      if (table[operator]) options.push([name, `(${left} ${table[operator]} ${right})`]);
    }
    return this.choose(node, inner, [...options, ...this.conditionOptions(hint)]);
  }

  emitUnaryOperation(node, parent, hint) {
    if (isNumberConstant(node)) return this.original(node);
    const operand = this.original(node.subExpression);
    const options = ['!', '-', '~'].includes(node.operator) ? [['negation', operand]] : [];
    const inner = ['delete', '++', '--'].includes(node.operator) ? this.original(node) : this.inner(node);
    return this.choose(node, inner, [...options, ...this.conditionOptions(hint)]);
  }

  emitConditional(node, parent, hint) {
    const inner = this.inner(node, (child) => (child === node.condition ? { condition: true } : hint));
    return `(${inner})`;
  }

  /** The number +- 1, in the type that the number has beside its neighbour. */
  emitLiteral(node, parent, hint) {
    if (node.kind === 'bool') return this.choose(node, this.original(node), [['constant', node.value === 'true' ? 'false' : 'true']]);
    if (!isNumberConstant(node) || /^address/.test(typeOf(node))) return this.original(node);
    if (parent?.kind === 'typeConversion' && !/^u?int\d*$/.test(typeOf(parent))) return this.original(node);
    const text = this.original(node);
    const typed = { bytes32: 'bytes32(uint256' }[hint?.type] ?? hint?.type;
    const cast = (value) => (typed ? `${typed}(${value})${typed.includes('(') ? ')' : ''}` : value);
    const zero = /^int_const 0$/.test(typeOf(node));
    const options = [['constant', cast(`(${text}) + 1`)], ...(zero ? [] : [['constant', cast(`(${text}) - 1`)]])];
    return this.choose(node, cast(text), options);
  }

  emitTupleExpression(node, parent, hint) {
    return this.inner(node, () => hint);
  }

  emitAssignment(node) {
    const left = this.target(node.leftHandSide);
    return left + this.text.slice(endOf(node.leftHandSide), startOf(node.rightHandSide)) + this.emit(node.rightHandSide, node);
  }

  /** What is assigned to stays what it is, but for its indices. */
  target(node) {
    if (node.nodeType !== 'IndexAccess') return this.original(node);
    const { baseExpression: base, indexExpression: index } = node;
    return this.target(base) + this.text.slice(endOf(base), startOf(index)) + this.emit(index, node) + this.text.slice(endOf(index), endOf(node));
  }

  emitFunctionCall(node, parent, hint) {
    if (node.kind === 'typeConversion' && /^(address|contract|struct)/.test(typeOf(node))) return this.original(node);
    const { expression } = node;
    if (expression.nodeType === 'Identifier' && expression.name === 'type') return this.original(node);
    const options = this.conditionOptions(hint);
    if (this.original(expression) === 'Math.mulDiv' && node.arguments.length === 3) {
      options.push(['rounding', this.original(node).replace(/\)$/, ', Math.Rounding.Ceil)')]);
    }
    if (this.original(expression) === 'Math.ceilDiv') {
      options.push(['rounding', `(${node.arguments.map((each) => this.original(each)).join(' / ')})`]);
    }
    const swapped = COUNTERPART[expression.memberName ?? expression.name];
    if (swapped && expression.nodeType !== 'FunctionCall') {
      options.push(['swapped function', this.original(node).replace(/^([\w.]*?)(\w+)(?=\s*\()/, `$1${swapped}`)]);
    }
    return this.value(node, this.inner(node), options);
  }

  emitFunctionCallOptions(node) { return this.inner(node); }
  emitNewExpression(node) { return this.original(node); }
  emitElementaryTypeNameExpression(node) { return this.original(node); }

  emitIdentifier(node, parent, hint) {
    const declared = this.declarations.get(node.referencedDeclaration);
    if (declared?.nodeType !== 'VariableDeclaration') return this.original(node);
    if (declared.constant) return this.constant(node);
    return this.value(node, this.original(node), this.conditionOptions(hint));
  }

  emitMemberAccess(node, parent, hint) {
    const declared = this.declarations.get(node.referencedDeclaration);
    if (declared?.constant) return this.constant(node);
    if (/^(Ceil|Floor)$/.test(node.memberName)) {
      return this.choose(node, this.original(node), [['rounding', this.original(node).replace(/\w+$/, COUNTERPART[node.memberName])]]);
    }
    // The expression before the dot: only calls in it are worth a look.
    const inner = this.emit(node.expression, node) + this.text.slice(endOf(node.expression), endOf(node));
    return this.value(node, inner, this.conditionOptions(hint));
  }

  emitIndexAccess(node, parent, hint) {
    return this.value(node, this.target(node), this.conditionOptions(hint));
  }

  constant(node) {
    const text = this.original(node);
    if (/^uint/.test(typeOf(node))) {
      return this.choose(node, text, [['constant', `(${text} + 1)`], ['constant', `(${text} - 1)`]]);
    }
    return typeOf(node) === 'bytes32' ? this.choose(node, text, [['constant', `bytes32(uint256(${text}) ^ 1)`]]) : text;
  }

  /** A value that a function returns is another one instead. */
  value(node, inner, options) {
    const type = typeOf(node);
    const text = this.original(node);
    if (node.returned) {
      if (type === 'bool') options.push(['return value', `!${text}`]);
      else if (/^uint\d*$/.test(type)) options.push(['return value', `(${text} + 1)`]);
      else if (type === 'address') options.push(['return value', 'address(0)']);
      else if (type === 'bytes32') options.push(['return value', 'bytes32(0)']);
    }
    return this.choose(node, inner, options);
  }

  // --- assembly

  emitInlineAssembly(node) {
    this.outer = new Map(node.externalReferences.map((each) => [each.src, this.declarations.get(each.declaration)]));
    return this.inner(node);
  }

  yulSwitch(number) { return `eq(coinbase(), ${BASE + BigInt(number)})`; }

  yulChoose(node, inner, options) {
    let out = inner;
    for (const [operator, text] of options) {
      const number = this.register(node, operator, `${squeeze(this.original(node))} -> ${squeeze(text)}`);
      if (number) out = `xor(${out}, mul(${this.yulSwitch(number)}, xor(${this.original(node)}, /*<${number}*/ ${text} /*>*/)))`;
    }
    return out;
  }

  yulDelete(node) {
    const number = this.register(node, 'deleted statement', `${squeeze(this.original(node))} -> deleted`);
    return number ? `if iszero(${this.yulSwitch(number)}) { ${this.inner(node)} }` : this.inner(node);
  }

  emitYulForLoop(node) {
    const kept = (part) => this.original(part);
    return `for ${kept(node.pre)} ${this.emit(node.condition, node)} ${kept(node.post)} ${this.emit(node.body, node)}`;
  }

  emitYulExpressionStatement(node) {
    return /^(revert|return)$/.test(node.expression.functionName?.name) ? this.original(node) : this.yulDelete(node);
  }

  emitYulAssignment(node) {
    const text = this.text.slice(startOf(node), startOf(node.value)) + this.emit(node.value, node);
    if (/\.(slot|offset|length)$/.test(node.variableNames[0].name) || this.isReference(node.variableNames[0])) return text;
    const number = this.register(node, 'deleted statement', `${squeeze(this.original(node))} -> deleted`);
    return number ? `if iszero(${this.yulSwitch(number)}) { ${text} }` : text;
  }

  isReference(name) { return /calldata|storage/.test(this.outer.get(name.src)?.storageLocation); }

  emitYulCase(node) {
    return `${this.text.slice(startOf(node), startOf(node.body))}${this.emit(node.body, node)}`;
  }

  emitYulVariableDeclaration(node) {
    if (!node.value) return this.original(node);
    return this.text.slice(startOf(node), startOf(node.value)) + this.emit(node.value, node);
  }

  emitYulIf(node) {
    const condition = this.yulChoose(node.condition, this.emit(node.condition, node), [['condition', '0'], ['condition', '1']]);
    return `if ${condition} ${this.emit(node.body, node)}`;
  }

  emitYulFunctionCall(node) {
    const name = node.functionName.name;
    const args = node.arguments.map((each) => this.original(each));
    // Where free memory begins is read there.
    if (name === 'mload' && args[0] === '0x40') return this.original(node);
    const inner = `${name}(${node.arguments.map((each) => this.emit(each, node)).join(', ')})`;
    if (/call|create/.test(name)) return inner;
    const options = [];
    if (YUL_CALL[name]) options.push(['arithmetic', `${YUL_CALL[name]}(${args.join(', ')})`]);
    if (/^(lt|gt)$/.test(name)) options.push(['boundary', `iszero(${YUL_CALL[name]}(${args.join(', ')}))`]);
    if (name === 'eq') options.push(['negation', `iszero(eq(${args.join(', ')}))`]);
    if (name === 'iszero') options.push(['negation', `iszero(iszero(${args[0]}))`]);
    return this.yulChoose(node, inner, options);
  }

  emitYulLiteral(node) {
    return node.kind === 'number' ? this.yulChoose(node, this.original(node), [['constant', `add(${this.original(node)}, 1)`]]) : this.original(node);
  }

  emitYulIdentifier(node) {
    const declared = this.outer.get(node.src);
    if (!declared?.constant) return this.original(node);
    return this.yulChoose(node, this.original(node), [['constant', `add(${this.original(node)}, 1)`]]);
  }
}

/** Whether a branch does nothing but revert. */
function refuses(body) {
  const statements = body.nodeType === 'Block' ? body.statements : [body];
  return statements.every((each) => each.nodeType === 'RevertStatement');
}

const squeeze = (text) => text.replace(/\s+/g, ' ').trim();

/** Every declaration of all syntax trees by its id; those in `folder` are ours. */
export function declare(sources, folder) {
  const found = new Map();
  for (const [file, { ast }] of Object.entries(sources)) {
    const visit = (node) => {
      if (/^(VariableDeclaration|ModifierDefinition)$/.test(node.nodeType)) node.ours = file.startsWith(folder);
      found.set(node.id, node);
      childrenOf(node).forEach(visit);
    };
    visit(ast);
  }
  return found;
}
