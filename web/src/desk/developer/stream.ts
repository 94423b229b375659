// Server-sent events over `fetch`, because the token goes in a header.

export interface StreamEvent {
  readonly name: string
  readonly data: string
}

/** Takes the whole events out of what has arrived; the rest waits for more. */
export function takeEvents(buffer: string): { readonly events: readonly StreamEvent[]; readonly rest: string } {
  const parts = buffer.replaceAll('\r\n', '\n').split('\n\n')
  const rest = parts.pop() ?? ''
  const events: StreamEvent[] = []
  for (const part of parts) {
    let name = 'message'
    const data: string[] = []
    for (const line of part.split('\n')) {
      if (line.startsWith('event:')) name = line.slice(6).trim()
      else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
    }
    if (data.length > 0) events.push({ name, data: data.join('\n') })
  }
  return { events, rest }
}
