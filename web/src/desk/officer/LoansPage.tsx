import { useParams } from 'react-router'
import { LoanBook } from '../parts/LoanBook'
import { LoanView } from '../parts/LoanView'
import { Screen } from '../parts/Screen'
import { useDesk } from '../parts/words'

export function LoansPage() {
  const { d } = useDesk()
  return (
    <Screen title={d.loan.book} lead={d.loan.officerLead}>
      <LoanBook at="/desk/loans" lender={false} />
    </Screen>
  )
}

export function LoanPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  return <LoanView id={id} back={{ to: '/desk/loans', name: d.loan.book }} />
}
