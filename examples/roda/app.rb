# frozen_string_literal: true

require "roda"
require_relative "../rack_in_ractors"

# A Roda app that Ractors can run, on Ruby 3.4 and 4.0. Three things are needed beside rack_in_ractors:
#
# 1. the block of `route` becomes a method, and a Ractor calls no method that was made of an ordinary block. It has to
#    be shareable, which a block in a class body can be made as long as it refers to no variable around it that cannot;
# 2. `freeze`, which Roda's documentation asks for in production anyway: then the class answers requests by itself,
#    rather than through a lambda that is not shareable;
# 3. a place for the patterns that Roda makes of each Regexp once.
class App < Roda
  # One cache for each Ractor in place of one for all, which is a Hash behind a Mutex. Only Regexp matchers use it.
  module PatternCache
    class << self
      def [](matcher) = own[matcher]

      def []=(matcher, pattern)
        own[matcher] = pattern
      end

      private

      def own = Ractor.store_if_absent(:roda_patterns) { Roda::RodaCache.new }
    end
  end

  self::RodaRequest.match_pattern_cache = PatternCache

  route(&Ractor.make_shareable(proc do |r|
    r.root { "Roda #{Roda::RodaVersion} on #{Ractor.main? ? "threads" : "Ractors"}\n" }

    r.get("whoami") { "#{Thread.current.name || Ractor.current.name}\n" }

    r.get("squares", Integer) { |number| "#{number**2}\n" }

    r.get("dates", /(\d{4})-(\d\d)/) { |year, month| "#{month}/#{year}\n" }

    r.post("greetings") do
      response.status = 201
      response["x-greeted"] = "yes"
      "Hello, #{r.params.fetch("name", "you")}!\n"
    end

    r.get("old") { r.redirect("/") }
  end))

  freeze
end
