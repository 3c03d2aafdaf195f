# frozen_string_literal: true

# Reads what it is sent, and answers a few bytes.
module SmallApp
  HEADERS = { "content-type" => "text/plain" }.freeze
  BODY = ["Hello, World!"].freeze
  private_constant :HEADERS, :BODY

  def self.call(env)
    input = env["rack.input"]
    nil while input.read(65_536)
    [200, HEADERS, BODY]
  end
end
