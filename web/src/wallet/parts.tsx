import { useState } from 'react'
import { Note, Secondary } from '../design/parts'
import { useText } from '../text'
import { type Connection, connect, disconnect, useConnection, WalletError } from './connection'
import { useWallets } from './discover'
import { shortHex } from './words'

export function WalletTroubleNote({ error }: { error: WalletError }) {
  const { t } = useText()
  return (
    <Note tone={error.trouble === 'declined' || error.trouble === 'busy' ? 'warn' : 'bad'} title={t.wallet.trouble[error.trouble]}>
      {error.detail !== '' && error.trouble === 'other' ? error.detail : undefined}
    </Note>
  )
}

/** Which wallet is connected; else the wallets of this browser to choose from. */
export function ConnectWallet({ onConnect }: { onConnect?: (connection: Connection) => void }) {
  const { t } = useText()
  const connection = useConnection()
  const wallets = useWallets()
  const [trouble, setTrouble] = useState<WalletError | null>(null)
  if (connection !== null) {
    return (
      <div className="flex flex-wrap items-center justify-between gap-3 rounded-xl bg-sunken px-4 py-2">
        <span className="flex min-w-0 items-center gap-2.5">
          {connection.wallet.icon !== null && <img src={connection.wallet.icon} alt="" className="size-6 rounded" />}
          <span className="truncate">
            {connection.wallet.name} <span className="font-mono text-sm text-ink-soft">{shortHex(connection.address)}</span>
          </span>
        </span>
        <button type="button" className="min-h-9 cursor-pointer text-accent underline underline-offset-4" onClick={disconnect}>
          {t.wallet.change}
        </button>
      </div>
    )
  }
  if (wallets.length === 0) return <Note title={t.wallet.none}>{t.wallet.noneHelp}</Note>
  return (
    <div className="flex flex-col gap-3">
      <p className="font-medium">{t.wallet.choose}</p>
      {wallets.map((wallet) => (
        <Secondary
          key={wallet.uuid}
          onPress={() => {
            setTrouble(null)
            connect(wallet).then(onConnect, (error: unknown) => setTrouble(error instanceof WalletError ? error : new WalletError('other')))
          }}
        >
          {wallet.icon !== null && <img src={wallet.icon} alt="" className="size-6 rounded" />}
          {wallet.name}
        </Secondary>
      ))}
      {trouble !== null && <WalletTroubleNote error={trouble} />}
    </div>
  )
}
