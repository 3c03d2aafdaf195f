# frozen_string_literal: true

require "sinatra/base"

# Streaming, as in the README, without its pauses.
class StreamingApp < Sinatra::Base
  get("/") do
    stream do |out|
      out << "It's gonna be legen -\n"
      out << " (wait for it) \n"
      out << "- dary!\n"
    end
  end

  get("/events", provides: "text/event-stream") do
    stream { |out| 3.times { |index| out << "data: #{index}\n\n" } }
  end
end

run StreamingApp
