# Through what openapi-generator makes for Ruby; see ../README.md.
$LOAD_PATH.unshift File.join(__dir__, 'client', 'lib')
require 'signalbox_client'
require 'json'
include SignalboxClient

$stdout.sync = true

def call(name, args, url)
  configuration = Configuration.new
  configuration.scheme, configuration.host = url.split('://')
  configuration.server_index = nil
  client = ApiClient.new(configuration)
  boxes = BoxApi.new(client)
  box = args['box']
  case name
  when 'createBox' then boxes.create_box_with_http_info(create_box: CreateBox.new(ttl: args['ttl']))
  when 'storeMessage' then boxes.store_message_with_http_info(box, args['json'] ? JSON.generate(args['message']) : args['message'])
  when 'readMessages' then boxes.read_messages_with_http_info(box, args.slice('after', 'limit', 'wait').transform_keys(&:to_sym))
  when 'acknowledge' then boxes.acknowledge_with_http_info(box, Cursor.new(after: args['after']))
  when 'drainMessages' then boxes.drain_messages_with_http_info(box)
  when 'deleteBox' then boxes.delete_box_with_http_info(box)
  when 'classicBox' then ClassicApi.new(client).classic_box_with_http_info(args.slice('box', 'msg').transform_keys(&:to_sym))
  end
end

$stdin.each_line do |line|
  command = JSON.parse(line)
  result = { id: command['id'] }
  begin
    answer, status = call(command['call'], command['args'], command['url'])
    result.update(status: status, answer: answer.respond_to?(:to_hash) ? answer.to_hash : answer)
  rescue ApiError => error
    raise if error.response_body.nil?
    result.update(status: error.code, problem: JSON.parse(error.response_body))
  rescue StandardError => error
    result[:error] = "#{error.class}: #{error.message}"
  end
  puts JSON.generate(result)
end
