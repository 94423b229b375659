import { Console } from '../parts/Console'
import { DeskWords, useDesk } from '../parts/words'

export function DeveloperConsole() {
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
      title={d.dev.title}
      roles={['BORROWER', 'INTEGRATOR', 'PROVIDER', 'OFFICER', 'RISK_MANAGER', 'MANAGER', 'CREDIT_HEAD', 'ADMIN']}
      groups={[
        {
          places: [
            { to: '/developers', name: d.dev.start, end: true },
            { to: '/developers/keys', name: d.keys.title },
            { to: '/developers/graphql', name: 'GraphQL' },
            { to: '/developers/rest', name: 'REST' },
            { to: '/developers/events', name: d.dev.events },
            { to: '/developers/webhooks', name: d.programs.hooks, roles: ['INTEGRATOR', 'PROVIDER', 'OFFICER', 'RISK_MANAGER', 'MANAGER', 'CREDIT_HEAD', 'ADMIN'] },
          ],
        },
      ]}
    />
  )
}
