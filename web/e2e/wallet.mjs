// A wallet for tests: announces itself by EIP-6963, keeps a key of the development chain, and does what it is asked unless told otherwise.

import { createPublicClient, createWalletClient, defineChain, hexToString, http, isHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

/** Keys of the development chains: public, worth nothing. The third one is the marketplace's borrower. */
const KEYS = { borrower: '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6' }

const ICON = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%23334155'/%3E%3Cpath d='M8 12h16v10H8z' fill='%23f8fafc'/%3E%3C/svg%3E"

function chainOf({ chain_id: id, name, rpc_url: url }) {
  return defineChain({ id, name, nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 }, rpcUrls: { default: { http: [url] } } })
}

/** `asked` holds the methods that the page called; `refuse` makes the next of a method say no. */
export async function announceWallet(page, facts, who) {
  const account = privateKeyToAccount(KEYS[who])
  const chains = facts.chains.map(chainOf)
  let chain = chains[0]
  const state = { asked: [], refuse: new Set(), address: account.address }
  page.wallet = state
  const answer = async (method, params = []) => {
    state.asked.push(method)
    if (state.refuse.delete(method)) return { error: { code: 4001, message: 'User rejected the request.' } }
    const transport = http(chain.rpcUrls.default.http[0])
    const signer = createWalletClient({ account, chain, transport })
    switch (method) {
      case 'eth_requestAccounts':
      case 'eth_accounts':
        return { result: [account.address] }
      case 'eth_chainId':
        return { result: `0x${chain.id.toString(16)}` }
      case 'wallet_switchEthereumChain':
        chain = chains.find((one) => one.id === Number(params[0].chainId)) ?? chain
        return { result: null }
      case 'personal_sign':
        return { result: await account.signMessage({ message: isHex(params[0]) ? hexToString(params[0]) : params[0] }) }
      case 'eth_signTypedData_v4': {
        const { types, domain, primaryType, message } = JSON.parse(params[1])
        delete types.EIP712Domain
        return { result: await account.signTypedData({ types, domain, primaryType, message }) }
      }
      case 'eth_sendTransaction': {
        const { to, data, value, gas } = params[0]
        return { result: await signer.sendTransaction({ to, data, value: BigInt(value ?? 0), gas: BigInt(gas) }) }
      }
      default:
        return { result: await createPublicClient({ chain, transport }).request({ method, params }) }
    }
  }
  await page.exposeBinding('usanceTestWallet', async (_, method, params) => {
    try {
      return await answer(method, params)
    } catch (error) {
      return { error: { code: -32603, message: String(error.shortMessage ?? error.message).slice(0, 300) } }
    }
  })
  await page.addInitScript((icon) => {
    const provider = {
      async request({ method, params }) {
        const { result, error } = await globalThis.usanceTestWallet(method, params)
        if (error !== undefined) throw Object.assign(new Error(error.message), error)
        return result
      },
      on() {},
      removeListener() {},
    }
    const detail = Object.freeze({ info: { uuid: '0b5c2f5e-6a0f-4d4c-9f2e-1f6d3b0a7c11', name: 'Test Wallet', icon, rdns: 'test.usance.wallet' }, provider })
    const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }))
    addEventListener('eip6963:requestProvider', announce)
    announce()
  }, ICON)
  return state
}
