# frozen_string_literal: true

require "json"
require "support/child"
require "support/frameworks/table"

# Sinatra, Roda, Rails and all of Rack's middleware, served in each mode. The table in doc/ractors.md is generated from
# the same data.
RSpec.describe "frameworks" do
  update = "tell it in spec/support/frameworks, then run rake generate"

  support = "#{Child::ROOT}/spec/support/frameworks"

  # Ruby 3.4 names the reader of a constant rather than its owner, and does not name an instance variable of a class.
  def coarse(reason)
    reason.sub(/`@\w+` of `[\w:]+`/, "an instance variable of a class").sub(/`[\w:]+::(\w+)`/, '`\1`')
  end

  def same_reason?(told, seen) = RUBY_VERSION < "4" ? coarse(told) == coarse(seen) : told == seen

  before(:context) do
    HangGuard.watch(limit: 120) do
      children = Frameworks::SECTIONS.keys.map do |section|
        Child.new(RbConfig.ruby, "-I#{Child::ROOT}/lib", "#{support}/trial.rb", section.to_s)
      end
      lines = children.flat_map { |child| child.output.lines }
      @rows = lines.to_h { |line| JSON.parse(line, symbolize_names: true).then { |row| [row[:name], row] } }
    ensure
      children&.each(&:close)
    end
  end

  it "covers all middleware of rack, rack-session and rack-protection" do
    child = Child.ruby("load '#{support}/shipped.rb'; puts Frameworks::Shipped.names")
    shipped = child.output.lines(chomp: true)
    expect(shipped).to include("Rack::ETag", "Rack::Session::Pool", "Rack::Protection::XSSHeader")
    expect(shipped - Frameworks.apps.map(&:name)).to eq([])
  ensure
    child&.close
  end

  Frameworks.apps.each do |app|
    describe app.name do
      told = app.on(RUBY_VERSION.to_i)
      let(:row) { @rows.fetch(app.name) }

      before { expect(row[:broken]).to be_nil }

      it "serves on threads" do
        expect(row[:threaded]).to include(mode: "threaded", faults: [])
        expect(row.dig(:threaded, :log)).to match(app.log) if app.log
      end

      # If the check does not predict a failure, the first request meets it, and gets a 500 if it cannot be retried.
      it "serves in mode auto" do
        faults = row.dig(:auto, :faults)
        path = app.calls.first.path
        faults = faults.drop(1) if told.ractor && faults.first&.start_with?("POST #{path} in round 1: 500")
        expect(faults).to eq([])
        expect(row.dig(:auto, :mode)).to eq(told.auto.to_s), "mode auto takes #{row.dig(:auto, :mode)}: #{update}"
      end

      unless app.rackup
        it "runs on threads in mode auto unless it is frozen" do
          expect(row[:plain]).to eq("threaded")
        end
      end

      if told.ractor
        it "cannot serve in ractor mode, for the documented reason" do
          expect(row.dig(:ractor, :faults)).not_to be_empty, "it serves in ractor mode: #{update}"
          seen = row.dig(:ractor, :reason)
          expect(same_reason?(told.ractor, seen)).to be(true), "it #{seen}, and not: it #{told.ractor}. #{update}"
        end

        unless app.rackup
          it "#{told.aided ? "serves" : "does not serve"} in ractor mode with examples/rack_in_ractors" do
            expect(row.dig(:aided, :faults) == []).to be(told.aided), "#{row[:aided]}: #{update}"
          end
        end
      else
        it "serves in ractor mode" do
          expect(row[:ractor]).to include(mode: "ractor", faults: [])
        end
      end
    end
  end
end
