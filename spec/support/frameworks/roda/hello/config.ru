# frozen_string_literal: true

require "roda"

# The first example of Roda's README.
class App < Roda
  route do |r|
    r.root { r.redirect "/hello" }

    r.on "hello" do
      @greeting = "Hello"

      r.get("world") { "#{@greeting} world!" }

      r.is do
        r.get { "#{@greeting}!" }

        r.post do
          puts "Someone said #{@greeting}!" if $DEBUG
          r.redirect
        end
      end
    end

    r.get("post", Integer) { |id| "post #{id}" }

    r.get("search", String) { |query| "search #{query} #{r.params["page"]}" }

    r.get(%r{dates/(\d+)-(\d+)}) { |year, month| "#{month}/#{year}" }
  end
end

run App.freeze.app
