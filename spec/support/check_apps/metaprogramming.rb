# frozen_string_literal: true

require "delegate"
require "forwardable"

# Methods that come about in other ways than `def`.
module Metaprogramming
  # From a block: a Ractor may not run it.
  class Defined
    define_singleton_method(:call) { |_env| [200, {}, ["hi"]] }
  end

  # From a loop, as in many a routing DSL.
  class Looped
    %w[index show].each do |name|
      define_method(name) { [200, {}, [name]] }
    end

    def self.call(_env) = new.index
  end

  # From a block that a Ractor may run, on Ruby 4.0.
  class DefinedShareable
    define_method(:answer, &CheckApps.shareable { [200, {}, ["hi"]] })

    def self.call(_env) = new.answer
  end

  # From a String.
  class Evaluated
    %w[index show].each { |name| class_eval "def #{name} = [200, {}, ['#{name}']]", __FILE__, __LINE__ }

    def self.call(_env) = new.index
  end

  # Methods that are not there.
  class Missing
    def method_missing(name, *) = name.end_with?("_page") ? [200, {}, [name.to_s]] : super
    def self.call(_env) = new.home_page
  end

  # A name that is known at run time only.
  class Sent
    HANDLERS = { "/" => :home }.freeze

    def home = [200, {}, ["home"]]
    def self.call(env) = new.public_send(HANDLERS.fetch(env["PATH_INFO"]))
  end

  # The same, and what is sent cannot run.
  class SentAstray
    @@homes = 0

    def home = [200, {}, [@@homes.to_s]]
    def self.call(_env) = new.public_send(:"#{__method__ && "ho"}me")
  end

  # In front of another method.
  module Front
    def call(env)
      status, headers, body = super
      [status, headers.merge("x-front" => "1"), body]
    end
  end

  # With a module in front.
  class Prepended
    prepend Front

    def call(_env) = [200, {}, ["hi"]]
  end

  # In front, and with what a Ractor may not read.
  module BadFront
    SEEN = []

    def call(env)
      SEEN << env["PATH_INFO"]
      super
    end
  end

  # With that one in front.
  class BadlyPrepended < Prepended
    prepend BadFront
  end

  # A method that is there in this file only.
  module Shouting
    refine(String) { def shout = "#{upcase}!" }
  end
  using Shouting

  # Uses it.
  module Refined
    def self.call(_env) = [200, {}, ["hi".shout]]
  end

  # With methods of something else.
  class Forwarding
    extend Forwardable

    def_delegators :@parts, :size, :<<
    def_delegator :@parts, :join, :text
    def initialize = @parts = []

    def self.call(_env) = new.then { |list| [200, {}, [(list << "a").size.to_s, list.text]] }
  end

  # Delegates made from blocks.
  class Delegated < DelegateClass(Array)
    def self.call(_env) = [200, {}, [new(["a"]).join]]
  end

  # Delegates through method_missing.
  class SimplyDelegated < SimpleDelegator
    def self.call(_env) = [200, {}, [new(["a"]).join]]
  end

  # Comparable and Enumerable.
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

  # Answers to what it has no method for.
  class Responding
    BAD = [+"x"]

    def respond_to_missing?(name, _all = false) = name == :page || super
    def method_missing(name, *) = name == :page ? "page" : super
    def self.call(_env) = [200, {}, [new.respond_to?(:page) ? BAD.first : "none"]]
  end

  # Private methods are not answered to.
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
