# frozen_string_literal: true

require "roda"

# The streaming plugin.
class App < Roda
  plugin :streaming

  route do |r|
    r.root do
      stream do |out|
        %w[one two three].each { |word| out << "#{word}\n" }
      end
    end

    r.get "loop" do
      left = 3
      stream(loop: true) do |out|
        out << "#{left}\n"
        out.close if (left -= 1).zero?
      end
    end
  end
end

run App.freeze.app
