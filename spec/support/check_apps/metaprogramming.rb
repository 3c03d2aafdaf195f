# frozen_string_literal: true

require "delegate"
require "forwardable"

# Methods that are made without `def`.
module Metaprogramming
  # A method from a block, which a Ractor may not run.
  class Defined
    define_singleton_method(:call) { |_env| [200, {}, ["hi"]] }
  end

  # Methods from a loop, as in many routing DSLs.
  class Looped
    %w[index show].each do |name|
      define_method(name) { [200, {}, [name]] }
    end

    def self.call(_env) = new.index
  end

  # A method from a block that a Ractor may run on Ruby 4.0.
  class DefinedShareable
    define_method(:answer, &CheckApps.shareable { [200, {}, ["hi"]] })

    def self.call(_env) = new.answer
  end

  # Methods from a String.
  class Evaluated
    %w[index show].each { |name| class_eval "def #{name} = [200, {}, ['#{name}']]", __FILE__, __LINE__ }

    def self.call(_env) = new.index
  end

  # Methods that come from method_missing.
  class Missing
    def method_missing(name, *) = name.end_with?("_page") ? [200, {}, [name.to_s]] : super
    def self.call(_env) = new.home_page
  end

  # A method name that is known only at run time.
  class Sent
    HANDLERS = { "/" => :home }.freeze

    def home = [200, {}, ["home"]]
    def self.call(env) = new.public_send(HANDLERS.fetch(env["PATH_INFO"]))
  end

  # The same, but the method cannot run in a Ractor.
  class SentAstray
    @@homes = 0

    def home = [200, {}, [@@homes.to_s]]
    def self.call(_env) = new.public_send(:"#{__method__ && "ho"}me")
  end

  # A module that is prepended.
  module Front
    def call(env)
      status, headers, body = super
      [status, headers.merge("x-front" => "1"), body]
    end
  end

  # Prepends the module.
  class Prepended
    prepend Front

    def call(_env) = [200, {}, ["hi"]]
  end

  # A module that is prepended and reads a constant that a Ractor may not read.
  module BadFront
    SEEN = []

    def call(env)
      SEEN << env["PATH_INFO"]
      super
    end
  end

  # Prepends that module.
  class BadlyPrepended < Prepended
    prepend BadFront
  end

  # A method that exists only in this file.
  module Shouting
    refine(String) { def shout = "#{upcase}!" }
  end
  using Shouting

  # Uses the refinement.
  module Refined
    def self.call(_env) = [200, {}, ["hi".shout]]
  end

  # Forwards methods to another object.
  class Forwarding
    extend Forwardable

    def_delegators :@parts, :size, :<<
    def_delegator :@parts, :join, :text
    def initialize = @parts = []

    def self.call(_env) = new.then { |list| [200, {}, [(list << "a").size.to_s, list.text]] }
  end

  # Delegates through methods that are made from blocks.
  class Delegated < DelegateClass(Array)
    def self.call(_env) = [200, {}, [new(["a"]).join]]
  end

  # Delegates through method_missing.
  class SimplyDelegated < SimpleDelegator
    def self.call(_env) = [200, {}, [new(["a"]).join]]
  end

  # Uses Comparable and Enumerable.
  class Versions
    include Enumerable
    include Comparable

    attr_reader :number

    def initialize(number) = @number = number
    def <=>(other) = number <=> other.number
    def each(&) = [3, 1, 2].each(&)

    def self.call(_env)
      [200, {}, [new(1).sort.to_s, new(1).clamp(new(2), new(3)).number.to_s, new(1).lazy.first.to_s]]
    end
  end

  # Responds to a method that it does not have.
  class Responding
    BAD = [+"x"]

    def respond_to_missing?(name, _all = false) = name == :page || super
    def method_missing(name, *) = name == :page ? "page" : super
    def self.call(_env) = [200, {}, [new.respond_to?(:page) ? BAD.first : "none"]]
  end

  # Does not respond to a private method.
  class Hiding
    def self.call(_env) = [200, {}, [new.respond_to?(:secret) ? "none" : Responding::BAD.first]]

    private

    def secret = "secret"
  end

  # An app without a call of its own.
  class CallMissing
    def self.respond_to_missing?(name, _all = false) = name == :call || super
    def self.method_missing(name, *) = name == :call ? [200, {}, [$undefined_pages.to_s]] : super
  end
end

CheckApps.app("define_singleton_method", blames: /call|define_|Proc|block/) { Metaprogramming::Defined }
CheckApps.app("define_method in a loop", blames: /index/) { Metaprogramming::Looped }
CheckApps.app("define_method of a shareable_proc", blames: /answer/) { Metaprogramming::DefinedShareable }
CheckApps.app("class_eval of a String") { Metaprogramming::Evaluated }
CheckApps.app("method_missing") { Metaprogramming::Missing }
CheckApps.app("public_send") { Metaprogramming::Sent }
CheckApps.app("public_send to what cannot run", blames: /@@homes/) { Metaprogramming::SentAstray }
CheckApps.app("prepend") { Ractor.make_shareable(Metaprogramming::Prepended.new) }
CheckApps.app("prepend of what cannot run", blames: /SEEN/) do
  Ractor.make_shareable(Metaprogramming::BadlyPrepended.new)
end
CheckApps.app("refinement") { Metaprogramming::Refined }
CheckApps.app("Forwardable") { Metaprogramming::Forwarding }
CheckApps.app("DelegateClass", blames: /Delegate|join/) { Metaprogramming::Delegated }
CheckApps.app("SimpleDelegator", blames: /Delegat|method_missing/) { Metaprogramming::SimplyDelegated }
CheckApps.app("Enumerable and Comparable") { Metaprogramming::Versions }
CheckApps.app("respond_to_missing?", blames: /BAD/) { Metaprogramming::Responding }
CheckApps.app("respond_to? of a private method", blames: /BAD/) { Metaprogramming::Hiding }
CheckApps.app("method_missing for call", blames: /\$undefined_pages/) { Metaprogramming::CallMissing }
