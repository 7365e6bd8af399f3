<?php
// Through what openapi-generator makes for PHP; see ../README.md.
require 'GuzzleHttp/autoload.php';
spl_autoload_register(function ($class) {
    require __DIR__ . '/client/lib/' . str_replace(['OpenAPI\\Client\\', '\\'], ['', '/'], $class) . '.php';
});

use OpenAPI\Client\{ApiException, Configuration, ObjectSerializer};
use OpenAPI\Client\Api\{BoxApi, ClassicApi};
use OpenAPI\Client\Model\{CreateBox, Cursor};

function call($name, $args, $url)
{
    $configuration = (new Configuration())->setHost($url);
    $boxes = new BoxApi(null, $configuration);
    switch ($name) {
        case 'createBox':
            return $boxes->createBoxWithHttpInfo(new CreateBox(['ttl' => $args->ttl]));
        case 'storeMessage':
            return $boxes->storeMessageWithHttpInfo($args->box, $args->message);
        case 'readMessages':
            return $boxes->readMessagesWithHttpInfo($args->box, $args->after ?? 0, $args->limit ?? 100, $args->wait ?? 0);
        case 'acknowledge':
            return $boxes->acknowledgeWithHttpInfo($args->box, new Cursor(['after' => $args->after]));
        case 'drainMessages':
            return $boxes->drainMessagesWithHttpInfo($args->box);
        case 'deleteBox':
            return $boxes->deleteBoxWithHttpInfo($args->box);
        case 'classicBox':
            return (new ClassicApi(null, $configuration))->classicBoxWithHttpInfo($args->box ?? null, $args->msg ?? null);
    }
}

while (($line = fgets(STDIN)) !== false) {
    $command = json_decode($line);
    $result = ['id' => $command->id];
    try {
        [$answer, $status] = call($command->call, $command->args, $command->url);
        $result += ['status' => $status, 'answer' => ObjectSerializer::sanitizeForSerialization($answer)];
    } catch (ApiException $error) {
        $result += ['status' => $error->getCode(), 'problem' => json_decode($error->getResponseBody())];
    } catch (Throwable $error) {
        $result += ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode($result), "\n";
}
