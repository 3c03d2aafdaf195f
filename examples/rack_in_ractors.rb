# frozen_string_literal: true

require "rack/headers"
require "rack/mime"
require "rack/multipart"
require "rack/query_parser"
require "rack/request"
require "rack/utils"

# Lets Ractors use Rack's requests, headers and parameters. Rack 3.2 keeps tables in constants, and settings in
# instance variables of modules, that nothing changes after it is loaded and that are not frozen: a Ractor may not read
# them until they are. `require` this where an app runs in Ractors; to threads it makes no difference.
module RackInRactors
  # Such as Rack::Headers::KNOWN_HEADERS, which every response with a Rack::Headers reads.
  TABLES = [Rack::Headers, Rack::Mime, Rack::Multipart, Rack::Multipart::Parser, Rack::QueryParser, Rack::Request,
            Rack::Request::Helpers, Rack::Utils]
           .flat_map { |owner| owner.constants(false).map { |name| owner.const_get(name) } }
           .grep_v(Module)

  # Rack::Request's own filter for proxies is a lambda: it can be shared once the Regexp that it refers to is frozen.
  trusted = Rack::Request.ip_filter.binding
  FILTERED = trusted.local_variables.map { |name| trusted.local_variable_get(name) }

  SETTINGS = [Rack::Utils.default_query_parser, Rack::Request.ip_filter, Rack::Request.forwarded_priority,
              Rack::Request.x_forwarded_proto_priority].freeze

  [TABLES, FILTERED, SETTINGS].each { |values| Ractor.make_shareable(values) }
end
