import { lazy, StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'
import { createBrowserRouter, Outlet, RouterProvider } from 'react-router'
import { Provider } from 'urql'
import { client } from './api/client'
import { deskRoutes } from './desk/routes'
import { RequestPage } from './borrower/request/RequestPage'
import { Frame } from './shell/Frame'
import './styles.css'
import { TextProvider } from './text'

const ResultsPage = lazy(() => import('./borrower/results/ResultsPage').then((module) => ({ default: module.ResultsPage })))

const ComparePage = lazy(() => import('./borrower/compare/ComparePage').then((module) => ({ default: module.ComparePage })))

const router = createBrowserRouter([
  {
    element: (
      <Frame>
        <Suspense>
          <Outlet />
        </Suspense>
      </Frame>
    ),
    children: [
      { path: '/', element: <RequestPage /> },
      { path: '/requests/:id', element: <ResultsPage /> },
      { path: '/requests/:id/compare', element: <ComparePage /> },
      ...deskRoutes,
    ],
  },
])

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
