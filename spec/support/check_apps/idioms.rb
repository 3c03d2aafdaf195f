# frozen_string_literal: true

require "forwardable"

# Ways to reach a method other than a plain call.
module Idioms
  LIST = ["list"]

  # Cannot run in a Ractor, in contrast to the next module.
  module Wrong
    def self.call(_env) = [200, {}, [LIST.first]]
    def self.deliver = LIST.first
  end

  # Can run in a Ractor.
  module Fine
    def self.call(_env) = [200, {}, ["hi"]]
  end

  # Calls `new` by another name.
  class Renamed
    class << self
      alias make new
      def call(_env) = [200, {}, [make.text]]
    end

    attr_reader :text

    def initialize = @text = LIST.first
  end

  # Middleware that is a Struct.
  Layer = Struct.new(:app) do
    def call(env) = app.call(env)
  end

  # Middleware that is a Data.
  Level = Data.define(:app) do
    def call(env) = app.call(env)
  end

  # Copies itself for each request, as Rack middleware does.
  class Copied
    def initialize(list) = @list = list
    def call(env) = dup.call!(env)

    def call!(env)
      @env = env
      [200, {}, [@list.first, @env["PATH_INFO"]]]
    end
  end

  # The same, but its method reads the list.
  class WronglyCopied < Copied
    def call!(env) = super && [200, {}, [LIST.first]]
  end

  # Calls methods through Method objects and Symbols.
  module Methods
    PARTS = [Wrong].freeze

    class << self
      def call(_env) = [200, {}, [method(:read).call]]
      def read = PARTS.map(&:deliver).first
    end
  end

  # The same, and nothing is wrong.
  module GoodMethods
    WORDS = %w[a b].freeze

    class << self
      def call(_env) = [200, {}, [method(:read).call, *WORDS.map(&method(:loud)), *WORDS.map(&:upcase)]]
      def read = "read"
      def loud(word) = "#{word}!"
    end
  end

  # Finds the handler by a pattern.
  Matched = Data.define(:handler) do
    def call(env)
      case self
      in { handler: } then handler.handle(env)
      end
    end
  end

  # Only this module has this method.
  module Handler
    def self.handle(_env) = [200, {}, [LIST.first]]
  end

  # Forwards to an object that the request has made.
  class Forwarded
    extend Forwardable

    def_delegators :@part, :fetch_part
    def initialize = @part = Part.new
    def self.call(_env) = [200, {}, [new.fetch_part]]
  end

  # Only this class has this method.
  class Part
    def fetch_part = LIST.first
  end

  # Has methods that Ruby calls.
  class Compared
    include Comparable
    include Enumerable

    def initialize(list) = @list = list
    def <=>(_other) = @list.size
    def each = yield(@list.size)
    def to_s = @list.first
    def ==(_other) = @list.any?
  end

  # Makes Ruby call each method in a different way.
  module Words
    def self.call(_env)
      one = Compared.new(LIST)
      [200, {}, ["#{one} #{one > Compared.new(LIST)}"]]
    end
  end

  # The same, and nothing is wrong.
  module GoodWords
    GOOD = ["good"].freeze

    def self.call(_env)
      one = Compared.new(GOOD)
      [200, {}, ["#{one} #{one > Compared.new(GOOD)} #{one.map { |size| size }} #{one != 1} #{[one, one].min}"]]
    end
  end

  # Has methods that Ruby calls and that read the unfrozen list.
  class Bad
    include Comparable
    include Enumerable

    def <=>(_other) = LIST.size
    def each = yield(LIST.size)
    def to_s = LIST.first
    def hash = LIST.size
    def coerce(other) = [LIST.size, other]
    def to_proc = LIST.method(:push).to_proc
    def initialize_copy(_other) = LIST.size
  end
end

CheckApps.app("Method object that reads what is not frozen", blames: /LIST|Method/) do
  method = Idioms::Wrong.method(:call)
  Ractor.make_shareable(method)
rescue Ractor::Error # before Ruby 4.0
  method
end
CheckApps.app("another name of new", blames: /LIST/) { Idioms::Renamed }
CheckApps.app("Struct as middleware", blames: /LIST/) { Ractor.make_shareable(Idioms::Layer.new(Idioms::Wrong)) }
CheckApps.app("Data as middleware", blames: /LIST/) { Ractor.make_shareable(Idioms::Level.new(Idioms::Wrong)) }
CheckApps.app("records as middleware, and nothing is wrong") do
  Ractor.make_shareable(Idioms::Layer.new(Idioms::Level.new(Idioms::Fine)))
end
CheckApps.app("dup.call!") { Ractor.make_shareable(Idioms::Copied.new(["hi"])) }
CheckApps.app("dup.call! of what cannot run", blames: /LIST/) do
  Ractor.make_shareable(Idioms::WronglyCopied.new(["hi"]))
end
CheckApps.app("method(:name) and &:name", blames: /LIST/) { Idioms::Methods }
CheckApps.app("method(:name) and &:name, and nothing is wrong") { Idioms::GoodMethods }
CheckApps.app("handler by a pattern", blames: /LIST/) { Idioms::Matched.new(handler: Idioms::Handler) }
CheckApps.app("Forwardable to what cannot run", blames: /LIST/) { Idioms::Forwarded }
CheckApps.app("to_s and <=> that Ruby calls", blames: /LIST/) { Idioms::Words }
CheckApps.app("to_s, <=>, each and == that Ruby calls, and nothing is wrong") { Idioms::GoodWords }
{ "interpolation" => "\"\#{Bad.new}\"", "Comparable" => "Bad.new > Bad.new", "sort" => "[Bad.new, Bad.new].sort",
  "Enumerable" => "Bad.new.map { 1 }", "dup" => "Bad.new.dup", "uniq" => "[Bad.new, Bad.new].uniq",
  "join" => "[Bad.new].join", "coerce" => "1 + Bad.new", "to_proc" => "[1].map(&Bad.new)",
  "eval" => 'eval("LIST.first")' }.each do |name, code|
  CheckApps.app("what Ruby calls: #{name}", blames: /LIST|eval/) do
    Idioms.module_eval("Module.new { def self.call(_env) = (#{code}; [200, {}, []]) }", __FILE__, __LINE__)
  end
end
