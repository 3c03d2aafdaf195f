# frozen_string_literal: true

require "roda"

# The sessions, flash and route_csrf plugins, as a form needs them.
class App < Roda
  plugin :sessions, secret: "k" * 64
  plugin :flash
  plugin :route_csrf

  route do |r|
    check_csrf!

    r.root { "visits #{r.session["visits"] = r.session["visits"].to_i + 1} #{flash["note"]}" }

    r.get("form") { csrf_token("/note") }

    r.post("note") do
      flash["note"] = "noted"
      r.redirect "/"
    end
  end
end

run App.freeze.app
