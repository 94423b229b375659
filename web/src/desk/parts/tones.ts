// Which state looks like what.

import type { Tone } from '../../design/told'

export function lenderTone(state: string): Tone {
  return state === 'LIVE' ? 'good' : state === 'SUSPENDED' ? 'bad' : state === 'CERTIFIED' ? 'accent' : 'calm'
}

export function loanTone(state: string): Tone {
  return state === 'ACTIVE' ? 'good' : state === 'DEFAULTED' ? 'bad' : state === 'DELINQUENT' ? 'warn' : state === 'PENDING' ? 'accent' : 'calm'
}

export function settlementTone(state: string): Tone {
  return state === 'SETTLED' ? 'good' : state === 'FAILED' ? 'bad' : state === 'CANCELLED' ? 'calm' : 'accent'
}

export function caseTone(state: string, severity: string): Tone {
  return state === 'CLOSED' ? 'calm' : state === 'PROPOSED' ? 'accent' : severity === 'BLOCK' ? 'bad' : 'warn'
}

export function identityTone(state: string): Tone {
  return state === 'VERIFIED' ? 'good' : state === 'REJECTED' ? 'bad' : state === 'REVIEW' || state === 'ON_HOLD' ? 'warn' : state === 'PENDING' ? 'accent' : 'calm'
}

export function outcomeTone(outcome: string): Tone {
  return outcome === 'OFFER' || outcome === 'APPROVE' || outcome === 'APPROVED' || outcome === 'CLEARED' || outcome === 'DONE' || outcome === 'RELEASED'
    ? 'good'
    : outcome === 'DECLINE' || outcome === 'DECLINED' || outcome === 'REJECTED' || outcome === 'LAPSED' || outcome === 'FAILED'
      ? 'bad'
      : outcome === 'REVIEW' || outcome === 'MORE_INFO' || outcome === 'COUNTER' || outcome === 'OPEN'
        ? 'warn'
        : 'accent'
}
