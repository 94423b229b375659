// A development chain of its own, on a free port, and what is sent to it.
import { spawn } from 'node:child_process';
import { MAX, addressOf, callData, encode, word, wordsOf } from './abi.mjs';

/** Fixed, so that call data, interest and gas are the same in each run. */
export const START = 1_900_000_000;
export const DAY = 86_400;
const ACCOUNTS = 48;
const GAS_LIMIT = '0x1c9c380';
/** Between two blocks, each of one transaction; the clock of the machine plays no part. */
const BLOCK_SECONDS = 12;
const DOMAIN_TYPES = { name: 'string', version: 'string', chainId: 'uint256', verifyingContract: 'address' };
const STARTUP_MS = 20_000;

export class Chain {
  #url;
  #child;
  #id = 0;
  #start = START;
  /** Gas of everything deployed and configured so far. */
  deployGas = 0;
  deployed = 0;

  /** `traced`: the chain remembers each step of each transaction, which takes memory. `start`: time of its first block. */
  static async start({ traced = false, start = START } = {}) {
    const chain = new Chain();
    chain.#start = start;
    const options = ['--port', '0', '--prune-history', '256', '--timestamp', String(start), '--accounts', String(ACCOUNTS)];
    chain.#child = spawn(process.env.ANVIL, traced ? [...options, '--steps-tracing'] : options, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      chain.#url = await listening(chain.#child);
      await chain.rpc('anvil_setBlockTimestampInterval', [BLOCK_SECONDS]);
    } catch (error) {
      chain.stop();
      throw error;
    }
    return chain;
  }

  stop() {
    this.#child.kill();
  }

  async rpc(method, params = []) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params });
    const response = await fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { result, error } = await response.json();
    if (error) throw new Error(`${method}: ${error.message} ${error.data ?? ''}`);
    return result;
  }

  accounts() {
    return this.rpc('eth_accounts');
  }

  /** The next block has this time, in seconds after the start. */
  at(seconds) {
    return this.rpc('evm_setNextBlockTimestamp', [this.#start + seconds]);
  }

  async #receipt(transaction) {
    // Answers when the transaction is in a block.
    const receipt = await this.rpc('eth_sendTransactionSync', [{ gas: GAS_LIMIT, ...transaction }]);
    if (receipt.status !== '0x1') {
      const { from, to, data } = transaction;
      const why = await this.rpc('eth_call', [{ from, to, data }]).catch((error) => error.message);
      throw new Error(`${to ? `call of ${to} ${data.slice(0, 10)}` : 'deployment'} reverted: ${why}`);
    }
    return receipt;
  }

  /** Sends what is measured; gas as its receipt shows it. */
  async send(from, to, signature, values = []) {
    return Number((await this.#receipt({ from, to, data: callData(signature, values) })).gasUsed);
  }

  /** Sends call data as it is; the receipt. */
  sendRaw(from, to, data) {
    return this.#receipt({ from, to, data });
  }

  /** A signature of typed data; numbers go as text. */
  sign(signer, domain, types, primaryType, message) {
    const domainType = Object.keys(domain).map((name) => ({ name, type: DOMAIN_TYPES[name] }));
    const text = (value) =>
      value !== null && typeof value === 'object'
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, text(inner)]))
        : String(value);
    const data = { domain, primaryType, message: text(message), types: { EIP712Domain: domainType, ...types } };
    return this.rpc('eth_signTypedData_v4', [signer, data]);
  }

  /** Sends what belongs to setting a protocol up. */
  async configure(from, to, signature, values = []) {
    this.deployGas += await this.send(from, to, signature, values);
  }

  /** Deploys creation code; `types` is the tuple of constructor arguments. */
  async deploy(from, bytecode, types = '()', values = []) {
    const receipt = await this.#receipt({ from, data: bytecode + encode(types, values) });
    this.deployGas += Number(receipt.gasUsed);
    this.deployed += 1;
    return receipt.contractAddress;
  }

  /** Words that a view answers, or would answer in the block to come. */
  async view(to, signature, values = [], block = 'latest') {
    return wordsOf(await this.rpc('eth_call', [{ to, data: callData(signature, values) }, block]));
  }

  async viewAddress(to, signature, values = []) {
    const [first] = await this.view(to, signature, values);
    return addressOf(word(first));
  }

  async codeBytes(address) {
    return ((await this.rpc('eth_getCode', [address, 'latest'])).length - 2) / 2;
  }
}

/** Resolves with the address that anvil says it listens on. */
function listening(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`anvil did not start in ${STARTUP_MS} ms: ${said}`)), STARTUP_MS);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`anvil ended with ${code}: ${said}`)));
    child.stdout.on('data', (chunk) => {
      if (said === null) return;
      said += chunk;
      const found = /Listening on ([\d.]+:\d+)/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      said = null;
      resolve(`http://${found[1]}`);
    });
  });
}

export { MAX };
