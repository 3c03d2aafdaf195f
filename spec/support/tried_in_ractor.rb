# frozen_string_literal: true

require "json"
require "support/child"

# Tries out what this Ruby lets a Ractor do, in a process of its own.
module TriedInRactor
  # @param names [Array<String>]
  # @param code [String] the code to run for each name, as `it`
  # @return [Hash{String => Object}] for each name true, or the name of the exception that the code raised
  def tried(names, code)
    child = Child.ruby(<<~RUBY)
      require "json"
      require "cgi/escape"
      Warning[:experimental] = false
      answers = #{names.inspect}.to_h do |name|
        ractor = Ractor.new(name) do |it|
          #{code}
          true
        rescue Exception => e
          e.class.name
        end
        [name, ractor.respond_to?(:value) ? ractor.value : ractor.take]
      end
      $stdout.write(JSON.generate(answers))
      $stdout.flush
      exit!(true)
    RUBY
    JSON.parse(child.output).tap { expect(child.errors).to eq("") }
  ensure
    child&.close
  end
end
