import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { Link } from 'react-router'
import { Code, Id } from '../parts/Pieces'
import { Part, plainLink, Screen } from '../parts/Screen'
import { useDesk } from '../parts/words'
import { examples } from './examples'

export function StartPage() {
  const { d } = useDesk()
  const base = location.origin
  return (
    <Screen title={d.dev.start} lead={d.dev.lead}>
      <div className="grid gap-6 lg:grid-cols-3">
        <Part title={d.dev.address} lead={d.dev.addressLead}>
          <Id id={base} whole />
        </Part>
        <Part title={d.dev.read} lead={d.dev.readLead}>
          <ul className="flex flex-col gap-1.5">
            <li>
              <Link className={plainLink} to="/developers/graphql">
                {d.dev.toGraphql}
              </Link>
            </li>
            <li>
              <Link className={plainLink} to="/developers/rest">
                {d.dev.toRest}
              </Link>
            </li>
            <li>
              <a className={plainLink} href="/schema.graphql">
                schema.graphql
              </a>{' '}
              ·{' '}
              <a className={plainLink} href="/openapi.json">
                openapi.json
              </a>
            </li>
          </ul>
        </Part>
        <Part title={d.dev.rulesTitle}>
          <ul className="list-disc pl-5 text-sm leading-relaxed">
            {d.dev.rules.map((rule) => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        </Part>
      </div>
      <Part title={d.dev.copy} lead={d.dev.copyLead}>
        <Tabs>
          <TabList aria-label={d.dev.copy} className="mb-3 flex flex-wrap gap-1">
            {examples(base).map((example) => (
              <Tab
                key={example.id}
                id={example.id}
                className="flex min-h-10 cursor-pointer items-center rounded-lg px-4 outline-none data-[focus-visible]:outline-3 data-[focus-visible]:outline-accent data-[hovered]:bg-sunken data-[selected]:bg-accent-soft data-[selected]:font-semibold data-[selected]:text-accent-strong"
              >
                {example.name}
              </Tab>
            ))}
          </TabList>
          {examples(base).map((example) => (
            <TabPanel key={example.id} id={example.id}>
              <Code text={example.text} label={example.name} tall />
            </TabPanel>
          ))}
        </Tabs>
      </Part>
    </Screen>
  )
}
