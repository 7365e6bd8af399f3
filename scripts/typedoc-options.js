/** A TypeDoc plugin: a parameter that is taken apart at once has no name of its own, and is called `options` here. */
import { Converter } from 'typedoc'

export function load (app) {
  app.converter.on(Converter.EVENT_CREATE_PARAMETER, (_context, parameter) => {
    if (parameter.name === '__namedParameters') parameter.name = 'options'
  })
}
