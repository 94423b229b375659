// Every screen of the consoles is fetched when somebody goes there.

import { lazy } from 'react'
import type { RouteObject } from 'react-router'

const LenderConsole = lazy(() => import('./lender/LenderConsole').then((module) => ({ default: module.LenderConsole })))
const LenderOverview = lazy(() => import('./lender/OverviewPage').then((module) => ({ default: module.OverviewPage })))
const Offers = lazy(() => import('./lender/OffersPage').then((module) => ({ default: module.OffersPage })))
const LenderLoans = lazy(() => import('./lender/LoansPage').then((module) => ({ default: module.LoansPage })))
const LenderLoan = lazy(() => import('./lender/LoansPage').then((module) => ({ default: module.LoanPage })))
const Conformance = lazy(() => import('./lender/ConformancePage').then((module) => ({ default: module.ConformancePage })))
const History = lazy(() => import('./lender/HistoryPage').then((module) => ({ default: module.HistoryPage })))
const Keys = lazy(() => import('./parts/KeysPage').then((module) => ({ default: module.KeysPage })))

const DeskConsole = lazy(() => import('./officer/DeskConsole').then((module) => ({ default: module.DeskConsole })))
const Overview = lazy(() => import('./officer/OverviewPage').then((module) => ({ default: module.OverviewPage })))
const Cases = lazy(() => import('./officer/CasesPage').then((module) => ({ default: module.CasesPage })))
const Dispositions = lazy(() => import('./officer/CasesPage').then((module) => ({ default: module.DispositionsPage })))
const Case = lazy(() => import('./officer/CasePage').then((module) => ({ default: module.CasePage })))
const Identity = lazy(() => import('./officer/IdentityPage').then((module) => ({ default: module.IdentityPage })))
const Verification = lazy(() => import('./officer/IdentityPage').then((module) => ({ default: module.VerificationPage })))
const Applications = lazy(() => import('./officer/ApplicationsPage').then((module) => ({ default: module.ApplicationsPage })))
const Application = lazy(() => import('./officer/ApplicationPage').then((module) => ({ default: module.ApplicationPage })))
const Reviews = lazy(() => import('./officer/ReviewsPage').then((module) => ({ default: module.ReviewsPage })))
const Review = lazy(() => import('./officer/ReviewsPage').then((module) => ({ default: module.ReviewPage })))
const DeskLoans = lazy(() => import('./officer/LoansPage').then((module) => ({ default: module.LoansPage })))
const DeskLoan = lazy(() => import('./officer/LoansPage').then((module) => ({ default: module.LoanPage })))
const Lenders = lazy(() => import('./officer/LendersPage').then((module) => ({ default: module.LendersPage })))
const Lender = lazy(() => import('./officer/LendersPage').then((module) => ({ default: module.LenderPage })))
const Books = lazy(() => import('./officer/BooksPage').then((module) => ({ default: module.BooksPage })))
const Rules = lazy(() => import('./officer/RulesPage').then((module) => ({ default: module.RulesPage })))
const Publication = lazy(() => import('./officer/RulesPage').then((module) => ({ default: module.PublicationPage })))
const Models = lazy(() => import('./officer/ModelsPage').then((module) => ({ default: module.ModelsPage })))
const Deadlines = lazy(() => import('./officer/DeadlinesPage').then((module) => ({ default: module.DeadlinesPage })))
const Records = lazy(() => import('./officer/DeadlinesPage').then((module) => ({ default: module.RecordsPage })))
const Audit = lazy(() => import('./officer/AuditPage').then((module) => ({ default: module.AuditPage })))
const Proof = lazy(() => import('./officer/ProofPage').then((module) => ({ default: module.ProofPage })))

const DeveloperConsole = lazy(() => import('./developer/DeveloperConsole').then((module) => ({ default: module.DeveloperConsole })))
const Start = lazy(() => import('./developer/StartPage').then((module) => ({ default: module.StartPage })))
const Graphql = lazy(() => import('./developer/GraphqlPage').then((module) => ({ default: module.GraphqlPage })))
const Rest = lazy(() => import('./developer/RestPage').then((module) => ({ default: module.RestPage })))
const Webhooks = lazy(() => import('./developer/WebhooksPage').then((module) => ({ default: module.WebhooksPage })))
const Events = lazy(() => import('./developer/EventsPage').then((module) => ({ default: module.EventsPage })))

export const deskRoutes: RouteObject[] = [
  {
    path: '/lender',
    element: <LenderConsole />,
    children: [
      { index: true, element: <LenderOverview /> },
      { path: 'offers', element: <Offers /> },
      { path: 'loans', element: <LenderLoans /> },
      { path: 'loans/:id', element: <LenderLoan /> },
      { path: 'conformance', element: <Conformance /> },
      { path: 'history', element: <History /> },
      { path: 'keys', element: <Keys /> },
      { path: 'webhooks', element: <Webhooks /> },
    ],
  },
  {
    path: '/desk',
    element: <DeskConsole />,
    children: [
      { index: true, element: <Overview /> },
      { path: 'cases', element: <Cases /> },
      { path: 'cases/:id', element: <Case /> },
      { path: 'dispositions', element: <Dispositions /> },
      { path: 'identity', element: <Identity /> },
      { path: 'identity/:id', element: <Verification /> },
      { path: 'applications', element: <Applications /> },
      { path: 'applications/:id', element: <Application /> },
      { path: 'reviews', element: <Reviews /> },
      { path: 'reviews/:id', element: <Review /> },
      { path: 'loans', element: <DeskLoans /> },
      { path: 'loans/:id', element: <DeskLoan /> },
      { path: 'lenders', element: <Lenders /> },
      { path: 'lenders/:id', element: <Lender /> },
      { path: 'books', element: <Books /> },
      { path: 'rules', element: <Rules /> },
      { path: 'rules/:id', element: <Publication /> },
      { path: 'models', element: <Models /> },
      { path: 'deadlines', element: <Deadlines /> },
      { path: 'records', element: <Records /> },
      { path: 'audit', element: <Audit /> },
      { path: 'audit/:id', element: <Proof /> },
    ],
  },
  {
    path: '/developers',
    element: <DeveloperConsole />,
    children: [
      { index: true, element: <Start /> },
      { path: 'keys', element: <Keys /> },
      { path: 'graphql', element: <Graphql /> },
      { path: 'rest', element: <Rest /> },
      { path: 'events', element: <Events /> },
      { path: 'webhooks', element: <Webhooks /> },
    ],
  },
]
