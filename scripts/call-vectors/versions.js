/* What has another version, or the form of one. Without a code, it is accepted. */

import { conversation } from './conversation.js'

const { invite, steps: [{ message: hello }] } = conversation
const fragment = invite.slice(invite.indexOf('#') + 1)
const another = { code: 'CALL_ERR_INVITE_VERSION' }
const link = (why, changed, outcome) => ({ why, invite: `https://box.example/#${changed}`, ...outcome })

const invites = [
  link('this version', fragment),
  link('another version', fragment.replace('v=1', 'v=2'), another),
  link('another version that has nothing else', 'v=2', another),
  link('another version in which all else has another form', fragment.replace('v=1', 'v=2').replace('drop_', 'call-').replace(/key=\w+/, 'key=1'), another),
  link('an empty version', fragment.replace('v=1', 'v='), another),
  link('this version in another spelling', fragment.replace('v=1', 'v=01'), another),
  link('two versions, of which the first counts', fragment.replace('v=1', 'v=2&v=1'), another),
  link('two versions, of which the first is this one', `${fragment}&v=2`),
  link('parameters that are not known', `${fragment}&more=1`),
  link('no version', fragment.replace('v=1&', ''), { code: 'CALL_ERR_INVITE' }),
  link('a server that is none, whatever the version', `v=2&server=${encodeURIComponent('ftp://box.example')}`, { code: 'CALL_ERR_INVITE' })
]

const version = { code: 'CALL_ERR_VERSION' }
const format = { code: 'CALL_ERR_FORMAT' }
const messages = [
  { why: 'this version', message: hello },
  { why: 'another version', message: { ...hello, v: 2 }, ...version },
  { why: 'another version that has nothing else', message: { v: 2 }, ...version },
  { why: 'another version in which all else has another form', message: { v: 2, to: 5, sealed: null, more: [] }, ...version },
  { why: 'an earlier version', message: { ...hello, v: 0 }, ...version },
  { why: 'a version in between', message: { ...hello, v: 1.5 }, ...version },
  { why: 'this version as a text', message: { ...hello, v: '1' }, ...format },
  { why: 'another version as a text', message: { ...hello, v: '2' }, ...format },
  { why: 'null as the version', message: { ...hello, v: null }, ...format },
  { why: 'no version', message: { ...hello, v: undefined }, ...format },
  { why: 'a member that is not known', message: { ...hello, more: 1 }, ...format }
]

export const versions = { invites, messages }
