/** The parts of the app that a role works in. */
export type Part = 'borrower' | 'lender' | 'desk' | 'developers'

/** Who is signed out sees what a borrower sees. */
export function partOf(role: string | null): Part {
  switch (role) {
    case null:
    case 'BORROWER':
      return 'borrower'
    case 'PROVIDER':
      return 'lender'
    case 'INTEGRATOR':
      return 'developers'
    default:
      return 'desk'
  }
}

export const HOME: Record<Part, string> = { borrower: '/', lender: '/lender', desk: '/desk', developers: '/developers' }
