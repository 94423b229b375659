// Signs people of the consoles in, through the form where there is one.

/** Somebody of that role, on that page. `usance dev` names one person of each role in its facts. */
export async function enter(world, role, path) {
  const page = await world.person()
  const people = world.facts.people ?? []
  const one = people.find((person) => person.role?.toUpperCase() === role)
  if (one === undefined) throw new Error(`usance dev names nobody of the role ${role}: ${JSON.stringify(people.map((person) => person.role))}`)
  await page.goto(`${world.url}/sign-in?next=${encodeURIComponent(path)}`)
  await page.getByLabel(/E-mail or name/).fill(one.login)
  await page.getByLabel(/^Password/).fill(one.password)
  await page.getByRole('button', { name: /^Sign in$/ }).last().click()
  await page.waitForFunction(() => !location.pathname.startsWith('/sign-in'))
  if (new URL(page.url()).pathname !== new URL(path, world.url).pathname) {
    // The session lives in a cookie: an address typed by hand finds it again.
    await page.goto(world.url + path)
  }
  await page.locator('main h1').first().waitFor()
  // What the browser says of refused sign-ins before this is not the console's.
  page.problems.length = 0
  return page
}
