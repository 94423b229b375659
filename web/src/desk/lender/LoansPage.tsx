import { useParams } from 'react-router'
import { LoanBook } from '../parts/LoanBook'
import { LoanView } from '../parts/LoanView'
import { Screen } from '../parts/Screen'
import { useDesk } from '../parts/words'

export function LoansPage() {
  const { d } = useDesk()
  return (
    <Screen title={d.lender.loans} lead={d.lender.loansLead}>
      <LoanBook at="/lender/loans" lender />
    </Screen>
  )
}

export function LoanPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  return <LoanView id={id} back={{ to: '/lender/loans', name: d.lender.loans }} />
}
