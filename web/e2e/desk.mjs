// Signs people of the consoles in, through the form where there is one.

/** That person of `usance dev`, on that page: `officer`, `manager`, `harbor-bank`, `integrator`. */
export async function enter(world, name, path) {
  const page = await world.person()
  const people = world.facts.people ?? []
  const one = people.find((person) => person.login.startsWith(`${name}@`))
  if (one === undefined) throw new Error(`usance dev names nobody called ${name}: ${people.map((person) => person.login).join(', ')}`)
  await page.goto(`${world.url}/sign-in?then=${encodeURIComponent(path)}`)
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
