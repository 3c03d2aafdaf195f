# frozen_string_literal: true

require "kino/check"
require "kino/check/text"
require "kino/check/trial"

# Programs that go through all modules ask each for its name and the like.
RSpec.describe "The modules of the check" do
  it "answer as modules do" do
    asked = ObjectSpace.each_object(Module).select do |mod|
      Module.instance_method(:name).bind_call(mod).to_s.start_with?("Kino::Check")
    end
    questions = Module.public_instance_methods(false) & %i[name ancestors constants instance_methods to_s]
    expect(asked.size).to be > 40
    expect { asked.product([*questions, :methods, :class]) { |mod, question| mod.public_send(question) } }
      .not_to raise_error
  end
end
