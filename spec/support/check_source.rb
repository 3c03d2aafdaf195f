# frozen_string_literal: true

require "kino/check"

# Builds apps from source, for the specs of the check. Each example has a module Shop of its own for its app, and the
# lines of the app are those of a file that does not exist.
module CheckSource
  FILE = "app.rb"
  # Paths of code that is not the app's: by name alone, the check could mistake its methods for the app's.
  SPECS = File.expand_path("..", __dir__)
  FOREIGN = [*Kino::Check::Named.const_get(:FOREIGN), SPECS].freeze

  # @param source [String]
  # @return [Module]
  def shop(source)
    stub_const("Kino::Check::Named::FOREIGN", FOREIGN)
    stub_const("Shop", Module.new)
    Shop.module_eval(source, FILE, 1)
    Shop
  end

  # @param source [String] defines App
  # @return [Array<Kino::Check::Finding>] in the code that `App.call` reaches
  def found(source, **) = Kino::Check::Code.new(shop(source)::App, label: "Shop::App", **).findings

  # @return [Hash{String => Symbol}] the findings, and how certain they are
  def said(source) = found(source).to_h { |finding| [finding.what, finding.certainty] }

  # @param body [String] of App.call, with the parameter `env`
  # @param around [String] the code around it
  # @return [Hash{String => Symbol}] see {#said}
  def said_of(body, around = "") = said("#{around}\nmodule App\ndef self.call(env)\n#{body}\nend\nend")

  # @param source [String] of a method `run`
  # @return [UnboundMethod]
  def method_of(source)
    shop("class Subject\n#{source}\nend")
    Shop::Subject.instance_method(:run)
  end

  # @param source [String] of a method `run`
  # @return [Kino::Check::MethodSummary] the summary of the method if nothing is known about its arguments
  def routine_of(source)
    method = method_of(source)
    code = Kino::Check::Code.new(nil)
    code.routine(method, code.made(Shop::Subject))
  end
end
