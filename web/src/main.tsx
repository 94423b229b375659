import { type ComponentType, lazy, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { createBrowserRouter, Outlet, RouterProvider } from 'react-router'
import { Provider } from 'urql'
import { client } from './api/client'
import { RequestPage } from './borrower/request/RequestPage'
import { Skeleton } from './design/parts'
import { deskRoutes } from './desk/routes'
import { Frame } from './shell/Frame'
import { BrokenPage, ForBorrowers, LostPage } from './shell/Pages'
import { startTheme } from './shell/theme'
import './styles.css'
import { TextProvider, useText } from './text'

/** A screen that is loaded when it is first shown. */
function screen<Name extends string>(load: () => Promise<Record<Name, ComponentType>>, name: Name) {
  const Screen = lazy(async () => ({ default: (await load())[name] as ComponentType }))
  return <Screen />
}

const borrower = (element: React.ReactNode) => <ForBorrowers>{element}</ForBorrowers>

function Waiting() {
  const { t } = useText()
  return (
    <div className="mx-auto w-full max-w-4xl px-4 py-8">
      <Skeleton label={t.shell.loading} />
    </div>
  )
}

function Root() {
  return (
    <Frame>
      <Suspense fallback={<Waiting />}>
        <Outlet />
      </Suspense>
    </Frame>
  )
}

const broken = (
  <Frame>
    <BrokenPage />
  </Frame>
)

const router = createBrowserRouter([
  {
    element: <Root />,
    errorElement: broken,
    children: [
      { path: '/', element: <RequestPage /> },
      { path: '/sign-in', element: screen(() => import('./shell/SignInPage'), 'SignInPage') },
      { path: '/requests', element: borrower(screen(() => import('./borrower/requests/RequestsPage'), 'RequestsPage')) },
      { path: '/requests/:id', element: borrower(screen(() => import('./borrower/results/ResultsPage'), 'ResultsPage')) },
      { path: '/requests/:id/compare', element: borrower(screen(() => import('./borrower/compare/ComparePage'), 'ComparePage')) },
      { path: '/requests/:id/offers/:offer', element: borrower(screen(() => import('./borrower/offer/OfferPage'), 'OfferPage')) },
      { path: '/settlements/:id', element: borrower(screen(() => import('./borrower/settle/SettlementPage'), 'SettlementPage')) },
      { path: '/loans', element: borrower(screen(() => import('./borrower/loans/LoansPage'), 'LoansPage')) },
      { path: '/loans/:id', element: borrower(screen(() => import('./borrower/loans/LoanPage'), 'LoanPage')) },
      { path: '/documents/:id', element: borrower(screen(() => import('./borrower/papers/PaperPage'), 'PaperPage')) },
      ...deskRoutes,
      { path: '*', element: <LostPage /> },
    ],
  },
])

startTheme()
const root = document.getElementById('app')
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <TextProvider>
        <Provider value={client}>
          <RouterProvider router={router} />
        </Provider>
      </TextProvider>
    </StrictMode>,
  )
}
