import { Console } from '../parts/Console'
import { DeskWords, useDesk } from '../parts/words'

export function LenderConsole() {
  return (
    <DeskWords>
      <Inside />
    </DeskWords>
  )
}

function Inside() {
  const { d } = useDesk()
  return (
    <Console
      title={d.lender.title}
      roles={['PROVIDER', 'OFFICER', 'RISK_MANAGER', 'MANAGER', 'CREDIT_HEAD', 'ADMIN']}
      groups={[
        {
          places: [
            { to: '/lender', name: d.lender.overview, end: true },
            { to: '/lender/offers', name: d.lender.offers, roles: ['PROVIDER'] },
            { to: '/lender/loans', name: d.lender.loans, roles: ['PROVIDER'] },
            { to: '/lender/conformance', name: d.lender.conformance },
            { to: '/lender/history', name: d.lender.history },
            { to: '/lender/keys', name: d.keys.title, roles: ['PROVIDER'] },
            { to: '/lender/webhooks', name: d.programs.hooks, roles: ['PROVIDER'] },
          ],
        },
      ]}
    />
  )
}
