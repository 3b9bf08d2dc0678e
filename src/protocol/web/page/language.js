/**
 * Every text of the page, in English and Korean. The browser's first language that is here is used, else English; numbers and
 * dates are written as it and its country do.
 */

/** In the order of the columns. */
const LANGUAGES = ['en', 'ko'];

const TEXTS = {
	// Coming in.
	welcome: [
		'One open floor where everyone meets. Say who you are and walk in.',
		'누구나 모이는 열린 마당입니다. 이름만 정하면 바로 들어올 수 있습니다.',
	],
	your_name: ['Your name', '이름'],
	server_password: ["The server's password", '서버 비밀번호'],
	own_password: ['Account password', '계정 비밀번호'],
	enter: ['Enter {room}', '{room} 들어가기'],
	calling: ['Calling the server …', '서버에 연결하고 있습니다 …'],
	you_left: ['You have left.', '채팅에서 나왔습니다.'],
	password_asked: ['This server asks for a password.', '이 서버에 들어가려면 비밀번호가 필요합니다.'],
	owned: ['{name} is taken. If it is your account, give its password.', '이미 있는 이름입니다: {name}. 내 계정이라면 비밀번호를 입력하세요.'],
	no_connection: ['No connection{why}. Trying again in {seconds} s.', '서버에 연결할 수 없습니다{why}. {seconds}초 뒤에 다시 시도합니다.'],
	http_421: [
		'The server was called by a name that it does not know. Let the proxy pass Host on, and set [web] hosts = ["{host}"].',
		'서버가 모르는 이름으로 요청이 왔습니다. 프록시가 Host를 그대로 전달하게 하고 [web] hosts = ["{host}"]를 설정하세요.',
	],
	http_426: [
		'The server answers, but takes no WebSocket. Let the proxy pass Host, Upgrade and Connection on, '
			+ 'or set [web] origins = ["{origin}"] if Host cannot be passed.',
		'웹소켓 연결이 되지 않습니다. 프록시가 Host, Upgrade, Connection을 그대로 전달하게 하거나, '
			+ 'Host를 전달할 수 없다면 [web] origins = ["{origin}"]를 설정하세요.',
	],
	http_502: [
		'A proxy answers, but the server behind it does not ({status}).',
		'프록시는 응답하지만 그 뒤의 서버가 응답하지 않습니다({status}).',
	],
	http_503: ['The server is there, but has no room now ({status}).', '서버에 지금은 자리가 없습니다({status}).'],
	http_other: ['The server answers with {status} where a WebSocket should be. {text}', '웹소켓 대신 {status} 응답이 왔습니다. {text}'],
	not_sent: ['there is no connection; this was not sent', '연결이 끊겨 있어 보내지 못했습니다'],
	perhaps_lost: ['perhaps not delivered: {text}', '전달되지 않았을 수 있습니다: {text}'],
	gap_filled: ['no connection from {from} to {to}', '{from}부터 {to}까지 연결이 끊겼습니다.'],
	gap: [
		'no connection from {from} to {to}; what was said meanwhile is not here',
		'{from}부터 {to}까지 연결이 끊겼습니다. 그동안의 대화는 여기에 없습니다.',
	],

	// Around the messages.
	places: ['Rooms and conversations', '방과 대화'],
	rooms: ['Rooms', '방'],
	conversations: ['Conversations', '1:1 대화'],
	find_room: ['Find a room …', '방 찾기 …'],
	unread: [' unread', '개 안 읽음'],
	server_now: ['The server now', '서버 상태'],
	server_silent: ['This server does not say.', '이 서버는 상태를 공개하지 않습니다.'],
	server_people: ['people', '접속자'],
	server_rooms: ['rooms', '방'],
	server_messages: ['messages/s', '초당 메시지'],
	server_turn: ['turn, ms', '처리 시간(ms)'],
	change_name: ['Change your name', '이름 바꾸기'],
	account: ['Account', '계정'],
	first_password: ['A password makes {nick} yours alone', '비밀번호를 정하면 {nick} 이름은 나만 씁니다'],
	no_accounts: ['no accounts here, or none without encryption', '계정이 없거나, 암호화가 필요합니다'],
	next_password: ['A new password for {account}', '{account} 계정의 새 비밀번호'],
	log_out: ['Log out', '로그아웃'],
	theme: ['Theme', '테마'],
	leave: ['Leave', '나가기'],
	topic: ['Topic', '주제'],
	count_here: ['{count} here', '{count}명'],
	leave_place: ['Leave this place', '여기서 나가기'],
	people_here: ['People here', '참여한 사람'],
	filter: ['Filter people', '사람 찾기'],
	more_people: ['{count} more; filter to find them', '{count}명 더 있습니다. 이름으로 찾아보세요'],
	nobody_found: ['nobody of that name is here', '그런 이름은 없습니다'],
	away: ['away', '자리 비움'],
	founder: ['founder', '방을 만든 사람'],
	admin: ['admin', '관리자'],
	operator: ['operator', '운영자'],
	half_operator: ['half-operator', '부운영자'],
	voice: ['voice', '발언권'],
	what_was_said: ['What was said', '대화 내용'],
	what_to_say: ['What to say', '메시지'],
	say_in: ['Say something in {name}', '{name}에 메시지 보내기'],
	say_to: ['Say something to {name}', '{name} 님에게 메시지 보내기'],
	type_help: ['Type /help', '/help를 입력해 보세요'],
	send: ['Send', '보내기'],
	find: ['Find a room or a person', '방이나 사람 찾기'],
	room_or_person: ['A room or a person', '방이나 사람'],
	enter_it: ['enter', '들어가기'],
	what_to_type: ['What you can type', '명령어 도움말'],
	close: ['Close', '닫기'],

	// What is written between messages.
	opening_room: [
		'What was said here, as far back as it is kept.',
		'보관된 대화의 시작입니다.',
	],
	opening_person: ['Only the two of you read this.', '두 사람만 볼 수 있는 대화입니다.'],
	opening_server: [
		'Ctrl+K finds a room, /help tells what you can type.',
		'Ctrl+K로 방을 찾고, /help로 명령어를 볼 수 있습니다.',
	],
	new: ['New', '새 메시지'],
	new_below: ['{count} new below ↓', '새 메시지 {count}개 ↓'],
	not_kept: ['{count} messages in between are not kept', '그 사이의 메시지 {count}개는 남아 있지 않습니다'],
	to_end: ['To the end ↓', '맨 아래로 ↓'],
	taken_back: ['(taken back)', '(삭제된 메시지입니다)'],
	joined: ['{nick} joined', '{nick} 님이 들어왔습니다'],
	parted: ['{nick} left{why}', '{nick} 님이 나갔습니다{why}'],
	quit: ['{nick} quit{why}', '{nick} 님이 접속을 끊었습니다{why}'],
	renamed: ['{nick} is now known as {name}', '{nick} 님이 이름을 바꾸었습니다: {name}'],
	count_came: ['{count} came', '{count}명 들어옴'],
	count_left: ['{count} left', '{count}명 나감'],
	count_both: ['{count} came and went', '{count}명 들어왔다 나감'],
	count_renamed: ['{count} took another name', '{count}명 이름 바꿈'],
	kicked: ['{nick} sent {name} out{why}', '{nick} 님이 {name} 님을 내보냈습니다{why}'],
	kicked_me: ['{nick} sent you out{why}', '{nick} 님이 나를 이 방에서 내보냈습니다{why}'],
	topic_set: ['{nick} set the topic: {topic}', '{nick} 님이 주제를 바꾸었습니다: {topic}'],
	mode_set: ['{nick} set {modes}', '{nick} 님이 방 설정을 바꾸었습니다: {modes}'],
	invited: ['{nick} asks you into {room}', '{nick} 님이 {room} 방에 초대했습니다'],

	// A card about someone.
	whois_name: ['name', '이름'],
	whois_rooms: ['rooms', '방'],
	whois_away: ['away', '자리 비움'],
	whois_is: ['is', '구분'],
	whois_operator: ['an operator of the server', '서버 운영자'],
	whois_bot: ['a bot', '봇'],
	whois_account: ['account', '계정'],
	whois_spoke: ['last spoke', '마지막 말'],
	whois_since: ['here since', '접속한 때'],
	whois_from: ['connects from', '접속한 곳'],
	whois_address: ['address', '주소'],
	whois_secure: ['connection', '연결'],
	whois_encrypted: ['encrypted', '암호화됨'],
	whois_modes: ['modes', '사용자 모드'],
	whois_talk: ['Talk', '1:1 대화'],

	// What is refused before it is sent.
	no_command: [
		'there is no command /{word}; /help lists them, //{word} says /{word}',
		'/{word} 명령은 없습니다. 목록은 /help, 그대로 말하려면 //{word}',
	],
	written: ['it is written /{name} {args}', '이렇게 입력하세요: /{name} {args}'],
	rooms_only: ['this is for a room that you are in', '들어와 있는 방에서만 쓸 수 있습니다'],
	nobody_hears: ['nobody hears you here; /join a room', '듣는 사람이 없습니다. /join으로 방에 들어가세요'],
	not_in_here: ['you are not in here; /join {name} enters', '이 방에 없습니다. 들어가려면 /join {name}'],
	too_long: [
		'not sent: a message may have {bytesMax} bytes in {linesMax} lines, and this has {bytes} in {lines}',
		'보내지 못했습니다. {linesMax}줄, {bytesMax}바이트까지인데 {lines}줄, {bytes}바이트입니다. 나누어 보내세요',
	],
	too_long_action: [
		'not sent: /me takes {bytesMax} bytes, and this has {bytes}',
		'보내지 못했습니다. /me는 {bytesMax}바이트까지인데 {bytes}바이트입니다',
	],

	// What can be typed: what stands for what, and what it does.
	ROOM: ['ROOM', '방'],
	KEY: ['KEY', '비밀번호'],
	NICK: ['NICK', '이름'],
	NAME: ['NAME', '이름'],
	TEXT: ['TEXT', '내용'],
	WHY: ['WHY', '이유'],
	MASK: ['MASK', '마스크'],
	CHANGES: ['CHANGES', '변경'],
	LINE: ['LINE', '줄'],
	help_join: ['enter a room', '방에 들어갑니다'],
	help_leave: ['leave a room, or this one', '방에서, 또는 이 방에서 나갑니다'],
	help_rooms: ['which rooms there are', '어떤 방이 있는지 봅니다'],
	help_who: ['who is in a room', '방에 누가 있는지 봅니다'],
	help_msg: ['say something to one person alone', '한 사람에게만 보냅니다'],
	help_me: ['do something: /me waves', '동작을 나타냅니다: /me 손을 흔듭니다'],
	help_nick: ['be known by another name', '이름을 바꿉니다'],
	help_topic: ['show or set the topic; - clears it', '주제를 보거나 바꿉니다. -는 주제를 지웁니다'],
	help_away: ['say that you are away, or back', '자리를 비웠다고, 또는 돌아왔다고 알립니다'],
	help_invite: ['ask someone into the room', '방에 초대합니다'],
	help_kick: ['send someone out of the room', '방에서 내보냅니다'],
	help_ban: ['keep someone out: nick!user@host', '들어오지 못하게 차단합니다: nick!user@host'],
	help_unban: ['lift that', '차단을 풉니다'],
	help_op: ['make someone an operator of the room', '방의 운영자로 지정합니다'],
	help_deop: ['the opposite', '운영자 지정을 풉니다'],
	help_voice: ['let someone speak where few may', '발언권을 줍니다'],
	help_mode: ["show or change the room's modes: +l 20", '방 설정을 보거나 바꿉니다: +l 20'],
	help_whois: ['who someone is', '그 사람의 정보를 봅니다'],
	help_account: ['make your name yours, log out', '이름을 등록하거나 로그아웃합니다'],
	help_help: ['this list', '이 목록을 봅니다'],
	help_quit: ['leave the server', '서버에서 나갑니다'],
	help_raw: [
		'a line of IRC; so are /notice, /knock, /motd, /oper',
		'IRC 명령을 보냅니다. /notice, /knock, /motd, /oper도',
	],
	key_find: ['find a room or a person', '방이나 사람을 찾습니다'],
	key_step: ['the place above, below', '위나 아래의 방 또는 대화로 갑니다'],
	key_complete: ['complete a name', '이름을 자동으로 완성합니다'],
	key_line: ['a new line', '줄을 바꿉니다'],

	// Numerics of IRC; `{0}` is the first parameter after our own name. Others are shown as the server wrote them.
	263: ['please wait a while and try again', '잠시 뒤에 다시 해 보세요'],
	301: ['{0} is away: {1}', '{0} 님은 자리를 비웠습니다: {1}'],
	305: ['you are no longer marked as being away', '자리에 돌아온 것으로 표시했습니다'],
	306: ['you have been marked as being away', '자리를 비운 것으로 표시했습니다'],
	324: ['modes of {0}: {1} {2} {3}', '{0}의 설정: {1} {2} {3}'],
	331: ['{0} has no topic', '{0}에는 주제가 없습니다'],
	332: ['the topic of {0}: {1}', '{0}의 주제: {1}'],
	341: ['{0} is invited to {1}', '{0} 님을 {1}에 초대했습니다'],
	353: ['in {1}: {2}', '{1}에 있는 사람: {2}'],
	401: ['{0} is not here', '{0} 님은 지금 없습니다'],
	403: ['there is no room {0}', '{0} 방은 없습니다'],
	404: ['you cannot say that in {0}: {1}', '지금은 {0}에서 말할 수 없습니다'],
	432: [
		'{0} cannot be a name: {1}',
		'쓸 수 없는 이름입니다: {0}. 글자와 숫자로, 띄어쓰기 없이 써 주세요.',
	],
	433: ['{0} is taken, or looks like a name that is', '{0}: 쓰고 있거나, 그와 비슷해 보이는 이름입니다'],
	441: ['{0} is not in {1}', '{0} 님은 {1}에 없습니다'],
	464: ['that password is wrong', '비밀번호가 맞지 않습니다'],
	471: ['{0} is full', '{0} 방이 가득 찼습니다'],
	473: ['you can enter {0} only if you are invited', '{0}에는 초대받은 사람만 들어갈 수 있습니다'],
	474: ['you are banned from {0}', '{0}에 들어갈 수 없도록 차단되었습니다'],
	475: ['{0} needs a key: /join {0} KEY', '{0}에 들어가려면 비밀번호가 필요합니다: /join {0} 비밀번호'],
	482: ['only operators of {0} may do that', '{0}의 운영자만 할 수 있습니다'],
	900: ['you are logged in as {1}', '{1} 계정으로 로그인했습니다'],
	904: ['not logged in: {0}', '로그인하지 못했습니다: {0}'],
};

/** The browser's first language that the table has, with its country. */
const KNOWN = new RegExp(`^(?:${LANGUAGES.join('|')})\\b(?:-[a-z]{2}\\b)?`, 'i');
const wanted = [...globalThis.navigator?.languages ?? [], 'en'];
export const [locale] = wanted.map((tag) => KNOWN.exec(tag)).find(Boolean);
const language = locale.slice(0, 2).toLowerCase();

const column = LANGUAGES.indexOf(language);
const number = new Intl.NumberFormat(locale);

/** Order of names: u2 before u10. */
export const { compare } = new Intl.Collator(locale, { numeric: true });

export const has = (key) => Object.hasOwn(TEXTS, key);

/** A text, with `{name}` replaced by the value of that name, or nothing. */
export function t(key, values = {}) {
	const shown = (value) => (typeof value === 'number' ? number.format(value) : value ?? '');
	return TEXTS[key][column].replace(/\{(\w+)\}/g, (_, name) => shown(values[name]));
}

/** For the tests. */
export const table = { LANGUAGES, TEXTS };

/** Fills what the HTML leaves empty. */
export function fillIn(root) {
	root.documentElement.lang = language;
	for (const element of root.querySelectorAll('[data-text]')) element.textContent = t(element.dataset.text);
	for (const element of root.querySelectorAll('[data-label]')) element.ariaLabel = t(element.dataset.label);
}
