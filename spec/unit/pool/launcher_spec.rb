# frozen_string_literal: true

require "kino"

RSpec.describe Kino::Pool::Launcher do
  interface = { specs: 1, start: 2, next_exit: 1, report: 2, wake: 0, kill: 0, await_killed: 1, own_thread?: 0 }

  [Kino::Pool::RactorLauncher, Kino::Pool::ThreadLauncher, Kino::Pool::ReliefLauncher].each do |launcher|
    it "has its interface implemented by #{launcher}" do
      expect(interface.to_h { |name, _| [name, launcher.instance_method(name).arity] }).to eq(interface)
    end
  end
end
