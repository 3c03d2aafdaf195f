# frozen_string_literal: true

# Code that runs after the app has returned.
module Bodies
  LIST = ["list"]

  # A streaming body that is a Proc.
  module Streamed
    def self.call(_env) = [200, {}, proc { |stream| stream.write(LIST.first) }]
  end

  # A streaming body that is a lambda, and nothing is wrong.
  module StreamedWell
    def self.call(env)
      parts = [env["PATH_INFO"]]
      [200, {}, ->(stream) { parts.each { |part| stream.write(part) } }]
    end
  end

  # Changes the list when it is closed.
  class Closed
    def each = yield("hi")
    def close = LIST.clear
    def self.call(_env) = [200, {}, new]
  end

  # Closes its own file, and nothing is wrong.
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

  # Calls a method that is made from a Symbol.
  module OfSymbol
    def self.call(_env) = [200, {}, [Methods.new.symbol]]
  end

  # Calls a method that is made from the method of an object.
  module OfMethod
    def self.call(_env) = [200, {}, [Methods.new.other]]
  end

  # Calls a method by another name.
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
