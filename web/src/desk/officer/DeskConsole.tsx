import { STAFF } from '../api/who'
import { Console } from '../parts/Console'
import { DeskWords, useDesk } from '../parts/words'

export function DeskConsole() {
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
      title={d.desk.title}
      roles={[...STAFF, 'ADMIN']}
      groups={[
        {
          name: d.desk.queues,
          places: [
            { to: '/desk', name: d.desk.overview, end: true },
            { to: '/desk/cases', name: d.cases.title, roles: STAFF },
            { to: '/desk/identity', name: d.identity.title, roles: STAFF },
            { to: '/desk/applications', name: d.applications.title, roles: STAFF },
            { to: '/desk/reviews', name: d.reviews.title, roles: STAFF },
          ],
        },
        {
          name: d.desk.running,
          places: [
            { to: '/desk/loans', name: d.loan.book, roles: STAFF },
            { to: '/desk/lenders', name: d.lenders.title },
            { to: '/desk/books', name: d.books.title },
          ],
        },
        {
          name: d.desk.governing,
          places: [
            { to: '/desk/rules', name: d.rules.title },
            { to: '/desk/models', name: d.models.title, roles: STAFF },
            { to: '/desk/deadlines', name: d.deadlines.title, roles: STAFF },
            { to: '/desk/records', name: d.records.title, roles: STAFF },
          ],
        },
        {
          name: d.desk.proving,
          places: [
            { to: '/desk/dispositions', name: d.dispositions.title, roles: STAFF },
            { to: '/desk/audit', name: d.audit.title },
          ],
        },
      ]}
    />
  )
}
