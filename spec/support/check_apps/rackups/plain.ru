# frozen_string_literal: true

# A class in a rackup file, which Rack evaluates from a String.
class PlainRackup
  HEADERS = { "content-type" => "text/plain" }.freeze

  def self.call(env) = [200, HEADERS.dup, [env["PATH_INFO"]]]
end

run PlainRackup
