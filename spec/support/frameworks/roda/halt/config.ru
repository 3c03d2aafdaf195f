# frozen_string_literal: true

require "roda"

# The halt, not_found and error_handler plugins.
class App < Roda
  plugin :halt
  plugin(:not_found) { "nowhere" }
  plugin(:error_handler) do |error|
    response.status = 400
    "wrong: #{error.message}"
  end

  route do |r|
    r.get("status") { r.halt 403 }

    r.get("body") { r.halt "done" }

    r.get("all") { r.halt(403, { "x-why" => "closed" }, "forbidden") }

    r.get("wrong") { raise ArgumentError, "no" }
  end
end

run App.freeze.app
