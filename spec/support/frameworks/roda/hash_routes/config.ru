# frozen_string_literal: true

require "roda"

# The hash_routes and hash_branches plugins.
class App < Roda
  plugin :hash_routes

  hash_branch("users") do |r|
    r.hash_routes
    r.get(Integer) { |id| "user #{id}" }
  end

  hash_routes("/users") do
    get("all") { "all users" }
  end

  hash_routes do
    get("about") { "about" }
  end

  route(&:hash_routes)
end

run App.freeze.app
