# frozen_string_literal: true

require "roda"

# Procs that were made shareable have no binding, but the check finds their surroundings all the same.
module Surroundings
  # Makes Procs that call methods on self.
  class Page
    WORDS = ["hi"]

    def self.app = ->(_env) { new.answer }
    def self.plain = ->(_env) { new.plain_answer }
    def self.wrap(inner) = ->(env) { inner.call(env) }
    def self.several(word, inner) = ->(env) { [200, {}, [word.upcase, inner.call(env)[2].first]] }
    def self.constant = ->(_env) { [200, {}, [WORDS.first]] }
    def self.deep(inner) = ->(env) { [1].map { inner.call(env) }.first }
    def answer = [200, {}, [WORDS.join]]
    def plain_answer = [200, {}, ["hi"]]
  end

  # The check finds the fault only through the variable, because many modules have a method of that name.
  module Bad
    LIST = ["bad"]
    def self.call(_env) = [200, {}, [LIST.first]]
  end

  # The same, and nothing is wrong.
  module Good
    def self.call(_env) = [200, {}, ["good"]]
  end

  # An app that Roda makes from a block.
  class Routes < ::Roda
    route { |r| r.root { "hi" } }
  end
end

Surroundings::Page.then do |page|
  CheckApps.app("shareable Proc that calls self", blames: /WORDS/) { Ractor.make_shareable(page.app) }
  CheckApps.app("shareable Proc that calls self, and nothing is wrong") { Ractor.make_shareable(page.plain) }
  CheckApps.app("shareable Proc that reads a constant around it", blames: /WORDS/) do
    Ractor.make_shareable(page.constant)
  end
  CheckApps.app("shareable Proc with a variable", blames: /LIST/) do
    Ractor.make_shareable(page.wrap(Surroundings::Bad))
  end
  CheckApps.app("shareable Proc with a variable, and nothing is wrong") do
    Ractor.make_shareable(page.wrap(Surroundings::Good))
  end
  CheckApps.app("shareable Proc with two variables, and nothing is wrong") do
    Ractor.make_shareable(page.several("word", Surroundings::Good))
  end
  CheckApps.app("shareable Proc with a variable in a block", blames: /LIST/) do
    Ractor.make_shareable(page.deep(Surroundings::Bad))
  end
  CheckApps.app("shareable Procs in each other", blames: /LIST/) do
    3.times.reduce(Surroundings::Bad) { |inner, _| Ractor.make_shareable(page.wrap(inner)) }
  end
end
CheckApps.app("Roda.app, made shareable", blames: /_roda_main_route/) do
  Ractor.make_shareable(Surroundings::Routes.app)
end
