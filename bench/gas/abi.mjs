// Encodes calls from their Solidity signatures, e.g. `supply(address,uint256)`; reads static words back.
import { createRequire } from 'node:module';
import { root } from './paths.mjs';

const { keccak256 } = createRequire(`${root}/package.json`)('js-sha3');

const bytesOf = (hex) => Buffer.from(hex.replace(/^0x/, ''), 'hex');
/** keccak256 of bytes given as hex. */
export const hash = (hex) => `0x${keccak256(bytesOf(hex))}`;
export const hashText = (text) => `0x${keccak256(text)}`;
/** One 32-byte word of a number, a boolean, an address or a hex number. */
export const word = (value) => BigInt.asUintN(256, BigInt(value)).toString(16).padStart(64, '0');
/** The address in a word. */
export const addressOf = (text) => `0x${text.slice(-40)}`;
export const MAX = 2n ** 256n - 1n;

/** Members of `(a,(b,c)[],d)`, outermost commas only. */
function members(tuple) {
  const parts = [];
  let depth = 0;
  let part = '';
  for (const char of tuple.slice(1, -1)) {
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
      continue;
    }
    depth += char === '(' ? 1 : char === ')' ? -1 : 0;
    part += char;
  }
  return part === '' ? parts : [...parts, part];
}

const isList = (type) => type.endsWith('[]');
const isTuple = (type) => type.startsWith('(') && !isList(type);
const isDynamic = (type) => isList(type) || type === 'string' || type === 'bytes' || (isTuple(type) && members(type).some(isDynamic));

function padded(hex) {
  return hex.padEnd(Math.ceil(hex.length / 64) * 64, '0');
}

function encodeOne(type, value) {
  if (isList(type)) return word(value.length) + encodeAll(value.map(() => type.slice(0, -2)), value);
  if (isTuple(type)) return encodeAll(members(type), value);
  if (type === 'string' || type === 'bytes') {
    const body = type === 'string' ? Buffer.from(value) : bytesOf(value);
    return word(body.length) + padded(body.toString('hex'));
  }
  if (/^bytes\d+$/.test(type)) return padded(value.replace(/^0x/, ''));
  return word(value);
}

function encodeAll(types, values) {
  if (types.length !== values.length) throw new Error(`${types.length} types, ${values.length} values: (${types})`);
  const pieces = types.map((type, at) => ({ dynamic: isDynamic(type), code: encodeOne(type, values[at]) }));
  let offset = pieces.reduce((sum, { dynamic, code }) => sum + (dynamic ? 32 : code.length / 2), 0);
  let head = '';
  let tail = '';
  for (const { dynamic, code } of pieces) {
    head += dynamic ? word(offset) : code;
    if (!dynamic) continue;
    tail += code;
    offset += code.length / 2;
  }
  return head + tail;
}

/** ABI encoding of values by a tuple of types, without 0x. */
export const encode = (tuple, values) => encodeAll(members(tuple), values);
export const selector = (signature) => hashText(signature).slice(0, 10);
/** Call data of a function given by its signature. */
export const callData = (signature, values = []) => selector(signature) + encode(signature.slice(signature.indexOf('(')), values);

/** The words of a result, as numbers. */
export function wordsOf(hex) {
  return (hex.slice(2).match(/.{64}/g) ?? []).map((text) => BigInt(`0x${text}`));
}
