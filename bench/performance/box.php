<?php
// The script that this project began with, written anew for the comparison: make a box, store, take everything out.
// A box is a file: the number of its messages in ten digits, then each message as a line of JSON. A lock keeps
// requests apart. Nothing is flushed to disk: a crash of the machine loses what it had acknowledged.
header('Content-Type: application/json');

function answer(string $type, string $data): never {
    $body = '{"type":"' . $type . '","data":' . $data . '}';
    header('Content-Length: ' . strlen($body));
    exit($body);
}

$box = $_GET['box'] ?? '';
$message = $_GET['msg'] ?? '';
if ($box === '') {
    $box = 'box_' . bin2hex(random_bytes(16));
    file_put_contents($_SERVER['BOXES'] . '/' . $box, "0000000000\n");
    answer('created', json_encode($box));
}

$file = preg_match('/^box_[0-9a-f]{32}$/D', $box) ? @fopen($_SERVER['BOXES'] . '/' . $box, 'r+') : false;
if ($file === false) {
    http_response_code(404);
    answer('error', '"no such box"');
}
flock($file, LOCK_EX);
$count = (int) fgets($file);
if ($message !== '') {
    rewind($file);
    fprintf($file, "%010d\n", $count + 1);
    fseek($file, 0, SEEK_END);
    fwrite($file, json_encode($message) . "\n");
    fclose($file);
    answer('ack', (string) ($count + 1));
}
$lines = rtrim(stream_get_contents($file), "\n");
rewind($file);
ftruncate($file, 0);
fwrite($file, "0000000000\n");
fclose($file);
answer('msgs', '[' . str_replace("\n", ',', $lines) . ']');
