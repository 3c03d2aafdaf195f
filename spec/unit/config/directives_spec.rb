# frozen_string_literal: true

require "kino/config/directives"
require "kino/cli/arguments"
require "kino/version"

RSpec.describe Kino::Config::Directives do
  it "names each directive once" do
    expect(described_class::NAMES).to eq(described_class::ALL.map(&:name).uniq)
  end

  it "gives each short flag to one directive" do
    shorts = described_class::ALL.filter_map(&:short)
    expect(shorts + %w[-v -h]).to eq((shorts + %w[-v -h]).uniq)
  end

  it "has each in a section, one section after the other" do
    sections = described_class::ALL.map(&:section)
    expect(sections.chunk_while(&:==).map(&:first)).to eq(described_class::SECTIONS.keys)
  end

  it "gives each variable of the environment to one directive" do
    variables = described_class::ALL.flat_map(&:variables)
    expect(variables).to eq(variables.uniq)
    expect(variables).to include("PORT", "RACK_ENV", "WEB_CONCURRENCY", "KINO_QUEUE_DEPTH")
  end

  it "raises for a name that is not in the list" do
    expect { described_class[:nonsense] }.to raise_error(KeyError)
  end

  it "leaves to Ruby what only Ruby can say: callables" do
    hooks = described_class::ALL.reject(&:flag)
    expect(hooks.map(&:type)).to all(be_a(Kino::Config::Types::Callable))
    expect(hooks.map(&:name)).to eq(
      %i[on_error after_boot after_worker_boot after_request on_worker_exit before_shutdown]
    )
  end

  described_class::ALL.each do |directive|
    describe directive.name.to_s do
      it "has a summary of one line that fits into the help" do
        expect(directive.summary).to match(/\A\S.{5,70}\z/)
      end

      it "has a doc that says more than the summary" do
        expect(directive.doc.length).to be > directive.summary.length
        expect(directive.doc).to end_with(".")
      end

      it "has a default that passes its own check, unchanged" do
        expect(directive.coerce(directive.default, source: "the default")).to eql(directive.default)
      end

      it "names the version that introduced it" do
        expect(Gem::Version.new(directive.since)).to be <= Gem::Version.new(Kino::VERSION)
      end

      it "gives frozen, shareable values" do
        expect(Ractor.shareable?(directive.coerce(directive.default, source: "the default"))).to be(true)
      end

      it "refuses what is no setting at all, and says where it came from" do
        expect { directive.coerce(Object.new, source: "somewhere") }
          .to raise_error(Kino::ConfigError, /\A#{directive.name} must be .+, got #<Object.*> \(from somewhere\)\z/)
      end

      it "refuses bytes that are no text" do
        expect { directive.coerce("\xff", source: "somewhere") }.to raise_error(Kino::ConfigError)
      end

      unless directive.flag
        next it("is no flag, for a command line cannot give it") {
          expect(directive.flag).to be_nil
        }
      end

      it "takes its default as the command line would write it" do
        shown = directive.type.show(directive.default)
        expect(directive.coerce(shown, source: directive.flag)).to eql(directive.default)
      end

      it "is in the help, with its summary and its default" do
        line = Kino::CLI::Arguments.help.lines.find { |text| text.include?("#{directive.flag} ") }
        expect(line).to include(directive.type.placeholder)
        expect(line).to include(directive.summary, "(default: #{directive.type.show(directive.default)})")
      end

      it "has a flag on the command line" do
        flags = Kino::CLI::Arguments.parse([directive.flag, "a value"]).flags
        value = directive.type.several? ? ["a value"] : "a value"
        expect(flags).to eq(directive.name => Kino::Config::Given.new(value:, source: directive.flag))
      end
    end
  end
end
