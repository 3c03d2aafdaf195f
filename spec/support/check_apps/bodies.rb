# frozen_string_literal: true

# What happens once the app has answered.
module Bodies
  LIST = ["list"]

  # A block that writes, as Rack has it.
  module Streamed
    def self.call(_env) = [200, {}, proc { |stream| stream.write(LIST.first) }]
  end

  # The same as a lambda, and nothing is wrong.
  module StreamedWell
    def self.call(env)
      parts = [env["PATH_INFO"]]
      [200, {}, ->(stream) { parts.each { |part| stream.write(part) } }]
    end
  end

  # What is done when it has been written.
  class Closed
    def each = yield("hi")
    def close = LIST.clear
    def self.call(_env) = [200, {}, new]
  end

  # The same, and nothing is wrong.
  class ClosedWell
    def initialize(file) = @file = file
    def each = yield(@file.read)
    def close = @file.close
    def self.call(_env) = [200, {}, new(StringIO.new("hi"))]
  end

  # Methods without code of their own.
  class Methods
    def plain = "hi"
    define_method(:symbol, &:plain)
    define_method(:other, &new.method(:plain))
    define_method(:same, instance_method(:plain))
  end

  # From a Symbol.
  module OfSymbol
    def self.call(_env) = [200, {}, [Methods.new.symbol]]
  end

  # From a method of an object.
  module OfMethod
    def self.call(_env) = [200, {}, [Methods.new.other]]
  end

  # Another name of a method.
  module Same
    def self.call(_env) = [200, {}, [Methods.new.same]]
  end
end

CheckApps.app("streamed body, what is written", blames: /LIST/) { Bodies::Streamed }
CheckApps.app("streamed body, a lambda") { Bodies::StreamedWell }
CheckApps.app("body that is closed", blames: /LIST/) { Bodies::Closed }
CheckApps.app("body that is closed, and nothing is wrong") { Bodies::ClosedWell }
CheckApps.app("define_method of a Symbol", blames: /symbol/) { Bodies::OfSymbol }
CheckApps.app("define_method of a method of an object", blames: /other/) { Bodies::OfMethod }
CheckApps.app("define_method of an instance method") { Bodies::Same }
