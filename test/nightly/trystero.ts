/** Eight pages in a room of Trystero. */
process.env['SIGNALBOX_TEST_NIGHTLY'] = '1'
await import('../client/trystero-browser.test.js')
