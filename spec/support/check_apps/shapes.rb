# frozen_string_literal: true

# Objects that can be an app.
module Shapes
  # A module, as in Kino's examples.
  module Plain
    HEADERS = { "content-type" => "text/plain" }.freeze

    def self.call(env) = [200, HEADERS.dup, ["Hello #{env["PATH_INFO"]}"]]
  end

  # A class that makes an object for each request.
  class PerRequest
    def self.call(env) = new(env).answer

    def initialize(env)
      @env = env
    end

    def answer
      @seen ||= @env["HTTP_COOKIE"].split("=")
      [200, {}, @seen]
    end
  end

  # An object with settings.
  class Configured
    def initialize(settings)
      @settings = settings
    end

    def call(_env) = [200, {}, [@settings.fetch(:greeting)]]
  end

  # An object that counts its requests.
  class Counting
    def initialize
      @count = 0
    end

    def call(_env)
      @count += 1
      [200, {}, [@count.to_s]]
    end
  end

  # An object that keeps a computed value.
  class Memoizing
    def call(_env) = [200, {}, [page]]

    private

    def page = @page ||= "computed once"
  end

  Greeter = Struct.new(:greeting) do
    def call(_env) = [200, {}, [greeting]]
  end

  Point = Data.define(:x, :y) do
    def call(_env) = [200, {}, [with(x: x + 1).inspect]]
  end

  def self.answer(_env) = [200, {}, ["a method"]]

  # A class from Class.new: its block does not run in a Ractor.
  Built = Class.new do
    def call(_env) = [200, {}, ["built"]]
  end
end

CheckApps.app("module") { Shapes::Plain }
CheckApps.app("class, an object a request") { Shapes::PerRequest }
CheckApps.app("object, frozen all the way") { Ractor.make_shareable(Shapes::Configured.new({ greeting: "hi" })) }
CheckApps.app("object, not frozen", blames: /Configured/) { Shapes::Configured.new({ greeting: "hi" }) }
CheckApps.app("object, frozen, its settings are not", blames: /@settings/) do
  Shapes::Configured.new({ greeting: "hi" }).freeze
end
CheckApps.app("object, frozen, that counts", blames: /@count/) { Ractor.make_shareable(Shapes::Counting.new) }
CheckApps.app("object, frozen, that memoizes", blames: /@page/) { Ractor.make_shareable(Shapes::Memoizing.new) }
CheckApps.app("Struct, frozen") { Ractor.make_shareable(Shapes::Greeter.new("hi")) }
CheckApps.app("Struct, not frozen", blames: /Greeter/) { Shapes::Greeter.new("hi") }
CheckApps.app("Data") { Shapes::Point.new(x: 1, y: 2) }
CheckApps.app("Class.new") { Ractor.make_shareable(Shapes::Built.new) }
CheckApps.app("lambda", blames: /Proc|lambda/) { ->(_env) { [200, {}, ["hi"]] } }
CheckApps.app("lambda with a local variable", blames: /Proc|lambda|pages/) do
  pages = { "/" => "home" }
  ->(env) { [200, {}, [pages.fetch(env["PATH_INFO"])]] }
end
CheckApps.app("Ractor.shareable_proc", blames: /Proc|lambda/) do
  CheckApps.shareable { |env| [200, {}, [env["PATH_INFO"]]] }
end
CheckApps.app("Ractor.shareable_proc that reads a global variable", blames: /\$visits|Proc|lambda/) do
  $visits = 0
  CheckApps.shareable { |_env| [200, {}, [($visits += 1).to_s]] }
end
CheckApps.app("Method object", blames: /Method/) { Shapes.method(:answer) }
