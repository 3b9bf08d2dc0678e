/**
 * The account of who is here: SASL on the way in, and a dialog for the rest. No password is stored; the page keeps the one in
 * use, to come back after a lost connection.
 */

import { $ } from './dom.js';
import { t } from './language.js';

/** Proof of who we are (RFC 4616), in lines of SASL: the last one is shorter, and may be empty. */
export function proof(name, password) {
	const bytes = new TextEncoder().encode(`\0${name}\0${password}`);
	const coded = btoa(String.fromCharCode(...bytes));
	return `${coded}${coded.length % 400 ? '' : '+'}`.match(/.{1,400}/g);
}

export const LOGIN = {
	AUTHENTICATE(session) {
		const { nick, secret } = session.wanted;
		for (const piece of proof(session.account || nick, secret)) session.send('AUTHENTICATE', [piece]);
	},
	900(session, message, me, mask, account) {
		session.account = account;
		session.answer(message);
	},
	903: (session) => session.isIn || session.send('CAP', ['END']),
};

/** Makes an account, changes its password, or logs out; or says why not. */
export function askAccount(session) {
	const { account, caps, state } = session;
	if (!caps.has('sasl')) return t('no_accounts');
	const own = $('own');
	const field = $('fresh');
	const ask = (...line) => session.command(state.current, ...line);
	field.labels[0].textContent = t(account ? 'next_password' : 'first_password', { account, nick: state.me });
	$('logout').hidden = !account;
	own.returnValue = '';
	own.onclose = () => {
		const secret = field.value;
		field.value = '';
		if (own.returnValue === 'out') {
			session.account = '';
			ask('NS', ['LOGOUT']);
		} else if (own.returnValue && secret) {
			session.want({ secret });
			if (account) ask('NS', ['SET', 'PASSWORD', secret]);
			else ask('REGISTER', ['*', '*', secret]);
		}
	};
	return own.showModal();
}
